"""Environment, clock and chance enter the product at one place each."""

from typing import Final

from tests.architecture.source import modules, references

ENVIRONMENT: Final = frozenset({"os.environ", "os.getenv", "os.environb", "os.putenv"})
CLOCKS: Final = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
    }
)
CHANCE: Final = frozenset(
    {
        "os.urandom",
        "uuid.uuid1",
        "uuid.uuid4",
        *(f"secrets.{name}" for name in ("choice", "randbelow", "randbits", "SystemRandom")),
        *(f"secrets.token_{name}" for name in ("bytes", "hex", "urlsafe")),
    }
)
CHANCE_PACKAGES: Final = ("random.", "ulid.")
"""Whatever comes out of these: identifiers made by ``ulid`` carry the clock as well."""


def is_clock_or_chance(name: str) -> bool:
    return name in CLOCKS or name in CHANCE or name.startswith(CHANCE_PACKAGES)


def test_environment_is_read_in_settings_only_when_product_code_needs_it() -> None:
    errors = [
        f"{module.at(node)} uses {name}"
        for module in modules()
        if module.is_in("precert", "functions") and module.name != "precert.settings"
        for node, name in references(module.tree)
        if name in ENVIRONMENT
    ]
    assert not errors, "\n".join(errors)


def test_clock_and_randomness_come_from_bootstrap_only_when_product_code_needs_them() -> None:
    errors = [
        f"{module.at(node)} uses {name}"
        for module in modules()
        if module.is_in("precert", "functions") and module.name != "precert.bootstrap"
        for node, name in references(module.tree)
        if is_clock_or_chance(name)
    ]
    assert not errors, "\n".join(errors)
