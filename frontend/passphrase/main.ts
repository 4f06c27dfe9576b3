// Changing one's passphrase: the keys stay, what closes them changes.
import "../shared/tokens.css";
import { mount } from "svelte";
import App from "./App.svelte";

mount(App, { target: document.getElementById("app") as HTMLElement });
