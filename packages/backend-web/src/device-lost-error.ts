import { BackendError } from "@smolvlm/contracts";

/** The browser took the GPU device away (driver reset, memory, a long sleep); its sessions are lost. Create a new backend. */
export class DeviceLostError extends BackendError {
  static override readonly errorName: string = "DeviceLostError";
  /** What the browser says about it; may be empty. */
  readonly reason: string;

  constructor(backend: string, reason: string) {
    super(backend, `the GPU device was lost (${reason}); its sessions are gone: create a new backend and load again.`);
    this.reason = reason;
  }
}
