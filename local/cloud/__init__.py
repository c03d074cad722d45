"""The whole product on one machine: the real CloudFormation template, deployed to an emulator.

Everything that depends on the emulator (`ministack`, pinned exactly) is in this package, so that
leaving it means replacing this package:

    process.py      starts the emulator, waits for it and stops it (with the project's own Python)
    assembly.py     reads a synthesized CDK assembly (with the project's own Python)
    deploy.py       deploys the assembly to the emulator (with the project's own Python)
    launcher.py     the child process (with the Python of the emulator's own environment)
    gaps/           patches for what the emulator lacks, one module each, applied by the launcher
    fork_server.py  starts the workers of functions; gaps/function_starts.py runs it
"""
