// The office's morning.
import "../shared/tokens.css";
import { mount } from "svelte";
import Office from "./Office.svelte";

mount(Office, { target: document.getElementById("app")! });
