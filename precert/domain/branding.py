"""The payer's colors and logo in the portal. Colors must have the contrast of WCAG 2.2."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from precert.domain.values import Text, Value

MIN_CONTRAST: Final = 4.5
"""The minimum contrast ratio of text and its background (WCAG 2.2, criterion 1.4.3)."""
LIGHT_BACKGROUND: Final = "#ffffff"
DARK_BACKGROUND: Final = "#1e1e1e"


def _luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb``, as WCAG defines it."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(color: str, background: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21."""
    darker, lighter = sorted((_luminance(color), _luminance(background)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable_on(background: str) -> AfterValidator:
    def readable(color: str) -> str:
        ratio = contrast(color, background)
        if ratio < MIN_CONTRAST:
            raise ValueError(
                f"must have a contrast of {MIN_CONTRAST} or more against {background}; {color} has "
                f"{ratio:.2f}"
            )
        return color

    return AfterValidator(readable)


Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Branding(Value):
    """The colors and the logo of the payer's portal."""

    accent_color: Annotated[Color, _readable_on(LIGHT_BACKGROUND)] = "#0b5c7a"
    """The color of links and buttons on the light background."""
    accent_color_dark: Annotated[Color, _readable_on(DARK_BACKGROUND)] = "#7cc4e0"
    """The color of links and buttons on the dark background."""
    logo: Annotated[Text, Field(pattern=r"^/payer/[a-z0-9-]+\.(svg|png)$")] | None = None
    """The path of the logo below the address of the portal; without one, the name is shown.

    The file is in the folder of ``payer.json``."""

    @property
    def logo_file(self) -> str | None:
        """The name of the logo's file."""
        return self.logo.rpartition("/")[2] if self.logo else None
