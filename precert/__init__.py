"""precert: online precertification (prior authorization) as a serverless workflow."""
