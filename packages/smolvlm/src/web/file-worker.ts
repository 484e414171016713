// The worker of the browser's store, for the folder of scripts that pages use without a bundler (tsup.config.ts).
import "@smolvlm/hub/web/file-worker";
