"""The whole product on one machine: the real CloudFormation template, deployed to an emulator.

Everything that depends on the emulator (`ministack`, pinned exactly) is in this package, so that
leaving it means replacing this package:

    process.py    starts, waits for and stops it (runs with the project's own Python)
    deploy.py     takes a synthesised CDK assembly to it (the same)
    launcher.py   the child process, run by the Python of the emulator's own environment
    gaps/         what the emulator lacks, one small module each, applied by the launcher
"""
