// The demonstration: place a call, play the telephones, kill a process and see that nothing was lost.
import "../shared/tokens.css";
import { mount } from "svelte";
import App from "./App.svelte";

mount(App, { target: document.getElementById("app") as HTMLElement });
