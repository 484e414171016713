import { render } from "preact";
import { keepOffline } from "./lib/keep-offline.js";
import { loadFirst } from "./state/model.js";
import { App } from "./ui/app.js";
import "./styles.css";

render(<App />, document.getElementById("app") as HTMLElement);
// First the service worker, so that what the model needs is kept from the first visit on.
await keepOffline();
await loadFirst();
