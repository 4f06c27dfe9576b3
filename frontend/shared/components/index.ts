// Every shared component by name.
export { default as Button } from "./Button.svelte";
export { default as Card } from "./Card.svelte";
export { default as Dialog } from "./Dialog.svelte";
export { default as Empty } from "./Empty.svelte";
export { default as Field } from "./Field.svelte";
export { default as Key } from "./Key.svelte";
export { default as Notice } from "./Notice.svelte";
export { default as Palette } from "./Palette.svelte";
export { default as Progress } from "./Progress.svelte";
export { default as Skeleton } from "./Skeleton.svelte";
export { default as ThemeSwitch } from "./ThemeSwitch.svelte";
export { default as TierMark } from "./TierMark.svelte";
export { default as Timeline } from "./Timeline.svelte";
export { default as Timer } from "./Timer.svelte";
export { default as TopBar } from "./TopBar.svelte";
export { default as Wordmark } from "./Wordmark.svelte";
