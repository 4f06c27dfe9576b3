// The clinician's phone.
import "../shared/tokens.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { worker } from "./push.ts";

mount(App, { target: document.getElementById("app")! });
void worker();
