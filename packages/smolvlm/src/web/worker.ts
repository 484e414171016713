// The backend's worker, for the folder of scripts that pages use without a bundler (tsup.config.ts).
import "@smolvlm/backend-web/worker";
