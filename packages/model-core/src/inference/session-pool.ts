import { DisposedError, type Session } from "@smolvlm/contracts";

/** Sessions by name, each loaded once and kept; one that fails to load is tried again when it is next asked for. */
export class SessionPool implements AsyncDisposable {
  readonly #sessions = new Map<string, Promise<Session>>();
  #disposed: Promise<void> | undefined;

  /** The session of that name, loaded if it is not there. @throws DisposedError after disposal. */
  get(name: string, load: () => Promise<Session>): Promise<Session> {
    if (this.#disposed) return Promise.reject(new DisposedError("The model"));
    const known = this.#sessions.get(name);
    if (known) return known;
    const session = load();
    this.#sessions.set(name, session);
    session.catch(() => this.#sessions.delete(name));
    return session;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#disposed ??= this.#release());
  }

  async #release(): Promise<void> {
    const settled = await Promise.allSettled(this.#sessions.values());
    for (const result of settled) if (result.status === "fulfilled") await result.value[Symbol.asyncDispose]();
  }
}
