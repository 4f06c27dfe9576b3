// Runes everywhere; styles always leave as files, because the content policy refuses inline ones.
export default {
  compilerOptions: { runes: true, css: "external" },
};
