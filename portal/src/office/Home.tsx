import { text } from "../text";
import { Page } from "../ui/parts";

export function Home() {
  return <Page title={text.common.nav.home}>{null}</Page>;
}
