import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useMemo, useRef, useState, useSyncExternalStore } from "react";
import {
  Link,
  Navigate,
  NavLink,
  Outlet,
  ScrollRestoration,
  useLocation,
  useNavigation,
} from "react-router";
import { api, type Schemas, unwrap } from "../api/client";
import { livePolling, useMe } from "../api/queries";
import { session } from "../auth/session";
import { config } from "../config";
import { formatTin } from "../format/identifiers";
import { text } from "../text";
import { announce, onAnnounce } from "../ui/announce";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Banner, Damaged, Loaded, Page, PayerContact } from "../ui/parts";
import { Region } from "../ui/Region";
import { useStored } from "../ui/stored";
import { hasUnfinished } from "../ui/unfinished";
import { type Area, areasOf } from "./areas";
import { type ActingFor, ActingForContext, useActingFor, useTinQuery } from "./tin";

/** The frame around every screen: who the payer is, where one can go, who is signed in. */
export function Shell() {
  const me = useMe();
  return (
    <>
      <a className="skip button" href="#main">
        {text.common.skip}
      </a>
      {me.data ? <Frame me={me.data} /> : <Opening query={me} />}
      <Progress />
      <Announcements />
      <SessionEnded />
      <ScrollRestoration />
    </>
  );
}

/** The frame until it is known who the person is. */
function Opening({ query }: { query: ReturnType<typeof useMe> }) {
  return (
    <>
      <header className="header">
        <Brand />
      </header>
      <main id="main" tabIndex={-1}>
        <div className="page">
          <Loaded query={query} shape="record">
            {() => null}
          </Loaded>
        </div>
      </main>
    </>
  );
}

/** A screen that is loaded for the first time: the one before stays until it is there. */
function Progress() {
  const { state } = useNavigation();
  return state === "loading" ? <div className="progress" aria-hidden="true" /> : null;
}

function Frame({ me }: { me: Schemas["MeResponse"] }) {
  const acting = useTin(me);
  const areas = useMemo(() => areasOf(me.entitlements), [me.entitlements]);
  const { pathname } = useLocation();
  const [start] = areas;
  return (
    <ActingForContext value={acting}>
      <Header areas={areas} tins={me.tins} name={me.name} />
      <Connection />
      <main id="main" tabIndex={-1} data-path={pathname}>
        <Damaged entries={me.damaged} />
        {start === undefined ? (
          <Page title={text.common.noAccessTitle}>
            <p>{text.common.noAccess}</p>
          </Page>
        ) : pathname === "/" ? (
          <Navigate to={start.path} replace />
        ) : (
          <Region key={pathname}>
            <Outlet />
          </Region>
        )}
      </main>
      <footer className="footer">
        <PayerContact />
      </footer>
    </ActingForContext>
  );
}

function useTin(me: Schemas["MeResponse"]): ActingFor {
  const [chosen, choose] = useStored("tin", me.tins[0]?.tin);
  const known = me.tins.some((one) => one.tin === chosen);
  const tin = known ? chosen : me.tins[0]?.tin;
  return useMemo(() => ({ tin, choose }), [tin, choose]);
}

function Brand() {
  const { payer } = config();
  return (
    <Link to="/" className="brand">
      {payer.logo && <img src={payer.logo} alt="" />}
      <span className="brand-name">
        {payer.name} <span className="brand-product">{text.common.product}</span>
      </span>
    </Link>
  );
}

function Header({
  areas,
  tins,
  name,
}: {
  areas: readonly Area[];
  tins: readonly Schemas["TinResponse"][];
  name: string | null;
}) {
  const menuId = useId();
  const { opened, toggle, button } = useMenu();
  return (
    <header className="header">
      <Brand />
      {/* Narrow windows only: the rest of the header opens below. */}
      <button
        ref={button}
        type="button"
        className="button button-secondary menu-button"
        aria-expanded={opened}
        aria-controls={menuId}
        onClick={toggle}
      >
        {text.common.menu}
        {areas.some((area) => area.unread) && <Unread />}
      </button>
      <div id={menuId} className="header-menu" data-opened={opened || undefined}>
        <nav className="nav" aria-label={text.common.mainNavigation}>
          {areas.map((area) => (
            <NavLink key={area.path} to={area.path} end={area.exact ?? false}>
              {area.title}
              {area.unread && <Unread />}
            </NavLink>
          ))}
        </nav>
        <div className="account">
          {tins.length > 1 && <ActingForChoice tins={tins} />}
          <span className="small">{name ?? session().username}</span>
          <SignOut />
        </div>
      </div>
    </header>
  );
}

/** Signs out; where entries of this tab would be lost with it, only after a confirmation. */
function SignOut() {
  const [asking, ask] = useState(false);
  return (
    <>
      <Button look="quiet" onClick={() => (hasUnfinished() ? ask(true) : session().signOut())}>
        {text.common.signOut}
      </Button>
      <Dialog
        title={text.common.signOutTitle}
        open={asking}
        onClose={() => ask(false)}
        actions={
          <>
            <Button onClick={() => ask(false)}>{text.common.stay}</Button>
            <Button look="danger" onClick={() => session().signOut()}>
              {text.common.signOutAnyway}
            </Button>
          </>
        }
      >
        <p>{text.common.signOutText}</p>
      </Dialog>
    </>
  );
}

/** The menu of narrow windows: closed by a link of it, and by Escape, which returns the focus to its button. */
function useMenu() {
  const { key } = useLocation();
  const [openedAt, setOpenedAt] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const opened = openedAt === key;
  useEffect(() => {
    if (!opened) {
      return;
    }
    const close = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        setOpenedAt(null);
        button.current?.focus();
      }
    };
    document.addEventListener("keydown", close);
    return () => document.removeEventListener("keydown", close);
  }, [opened]);
  return { opened, button, toggle: () => setOpenedAt(opened ? null : key) };
}

function ActingForChoice({ tins }: { tins: readonly Schemas["TinResponse"][] }) {
  const { tin, choose } = useActingFor();
  return (
    <label className="account">
      <span className="small">{text.common.actFor}</span>
      <select className="input" value={tin ?? ""} onChange={(event) => choose(event.target.value)}>
        {tins.map((one) => (
          <option key={one.tin} value={one.tin}>
            {[formatTin(one.tin), one.provider_names[0]].filter(Boolean).join(" · ")}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The number of unread messages, on every screen. */
function Unread() {
  const tin = useTinQuery();
  const [interval] = useState(livePolling);
  const query = useQuery({
    queryKey: ["messages", "unread", tin],
    queryFn: () => unwrap(api.GET("/v1/messages/unread", { params: { query: tin } })),
    refetchInterval: interval,
  });
  const count = query.data?.unread ?? 0;
  return count > 0 ? (
    <span className="count">
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="visually-hidden">{text.common.unread(count)}</span>
    </span>
  ) : null;
}

function Announcements() {
  const [{ message, count }, setAnnounced] = useState({ message: "", count: 0 });
  useEffect(
    () => onAnnounce((message) => setAnnounced((before) => ({ message, count: before.count + 1 }))),
    [],
  );
  // A repeated message is a new element, so that it is read again.
  return (
    <div className="visually-hidden" aria-live="polite" role="status">
      <span key={count}>{message}</span>
    </div>
  );
}

function Connection() {
  const online = useSyncExternalStore(
    (listener) => {
      window.addEventListener("online", listener);
      window.addEventListener("offline", listener);
      return () => {
        window.removeEventListener("online", listener);
        window.removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
  const [before, setBefore] = useState(online);
  useEffect(() => {
    if (online !== before) {
      setBefore(online);
      announce(online ? text.common.online : text.common.offline);
    }
  }, [online, before]);
  return online ? null : (
    <section aria-label={text.common.connection}>
      <Banner tone="warning">
        <p>{text.common.offline}</p>
      </Banner>
    </section>
  );
}

function SessionEnded() {
  const ended = useSyncExternalStore(session().subscribe, () => session().ended);
  const [failed, setFailed] = useState(false);
  return (
    <Dialog
      title={text.common.sessionEnded}
      open={ended}
      actions={
        <Button
          look="primary"
          onClick={() => {
            setFailed(false);
            session()
              .signIn()
              .catch(() => setFailed(true));
          }}
        >
          {text.common.signInAgain}
        </Button>
      }
    >
      <p>{text.common.sessionEndedText}</p>
      {failed && (
        <Banner tone="error" live>
          <p>{text.common.signInFailed}</p>
        </Banner>
      )}
    </Dialog>
  );
}
