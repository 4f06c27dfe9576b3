// The front door: sends each kind of person to the screen that is theirs.
import { homeOf } from "./shared/home.ts";

fetch("/api/me")
  .then(async (answer) => (answer.ok ? ((await answer.json()) as { kind: string }) : null))
  .then((me) => location.replace(me ? homeOf(me.kind) : "/sign-in/"))
  .catch(() => location.replace("/sign-in/"));
