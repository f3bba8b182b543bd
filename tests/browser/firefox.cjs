// Lets Playwright's driver start contexts in a Firefox that has no command for media features.
// Playwright sends it for every context; light is what Firefox shows anyway, so a command without
// effect is sent instead. For anything but light Firefox still answers that it knows no such command.
const { stringify } = JSON;

JSON.stringify = (message, ...rest) => {
  const light =
    message?.method === "emulation.setMediaFeaturesOverride" &&
    message.params.features["prefers-color-scheme"] === "light";
  return stringify(light ? { ...message, method: "session.status", params: {} } : message, ...rest);
};
