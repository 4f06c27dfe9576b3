// The clinician's phone.
import "../shared/tokens.css";
import { mount } from "svelte";
import Clinician from "./Clinician.svelte";
import { worker } from "./push.ts";

mount(Clinician, { target: document.getElementById("app")! });
void worker();
