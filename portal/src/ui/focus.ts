/** The focus after a dialog. */

/**
 * Give the focus to the heading of the page where the element that has it leaves the page, as the button of an
 * action that is no longer allowed: it would otherwise be lost, and keyboard users would start over.
 */
export function keepFocus(): void {
  const held = document.activeElement;
  const observer = new MutationObserver(check);
  function stop() {
    observer.disconnect();
    document.removeEventListener("focusin", check);
  }
  function check() {
    const now = document.activeElement;
    if (now !== null && now !== document.body) {
      if (now !== held) {
        stop();
      }
      return;
    }
    stop();
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }
  observer.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("focusin", check);
  requestAnimationFrame(check);
}
