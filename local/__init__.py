"""The product on one machine: the synthesized template, the sample payer, users, the demo."""
