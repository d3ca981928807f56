import { render } from "preact";
import { App } from "./shell/app";
import { listen } from "./shell/keyboard";
import { followLinks } from "./shell/router";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";

const target = document.getElementById("app");
if (target) {
  followLinks();
  listen();
  render(<App />, target);
}
