import { useState } from "react";
import { session } from "../auth/session";
import { config } from "../config";
import { text } from "../text";
import { Button } from "../ui/Button";
import { Table } from "../ui/Table";

/** The page before the sign-in. */
export function Welcome() {
  const [failed, setFailed] = useState(false);
  const { payer, sample_users } = config();
  return (
    <main className="welcome">
      <h1>{text.common.welcome}</h1>
      <p>{text.common.welcomeText(payer.name)}</p>
      {failed && (
        <div className="banner banner-error" role="alert">
          {text.common.signInFailed}
        </div>
      )}
      <Button
        look="primary"
        onClick={() => {
          setFailed(false);
          session()
            .signIn()
            .catch(() => setFailed(true));
        }}
      >
        {text.common.signIn}
      </Button>
      {sample_users && sample_users.length > 0 && (
        <section className="card sample-users">
          <Table
            caption={text.common.sampleUsers}
            columns={[
              {
                key: "user",
                title: text.common.sampleUser,
                heading: true,
                className: "nowrap",
                cell: (user) => user.username,
              },
              {
                key: "password",
                title: text.common.samplePassword,
                className: "nowrap",
                cell: (user) => user.password ?? "",
              },
              { key: "role", title: text.common.sampleRole, cell: (user) => user.description },
            ]}
            rows={sample_users}
            rowKey={(user) => user.username}
          />
        </section>
      )}
    </main>
  );
}

/** The configuration or the identity provider does not answer. */
export function Unavailable() {
  return (
    <main className="welcome">
      <h1>{text.common.welcome}</h1>
      <div className="banner banner-error" role="alert">
        <p>{text.common.signInFailed}</p>
      </div>
      <Button look="primary" onClick={() => window.location.reload()}>
        {text.common.retry}
      </Button>
    </main>
  );
}
