/** The item in the status bar: how the server is, and as its tooltip why there was no suggestion. */

import { type Disposable, StatusBarAlignment, ThemeColor, window } from "vscode";
import type { Server } from "./server.ts";
import { label, tooltip, type Why } from "./status.ts";

const TICK_MS = 100;
const ASK_WHY_AFTER_MS = 150; // typing on asks anew; only the last answer is explained

export class StatusBar implements Disposable {
  private readonly item = window.createStatusBarItem("bytefim.status", StatusBarAlignment.Right, 100);
  private readonly subscriptions: Disposable[];
  private why: Why | undefined;
  private busySinceMs = 0;
  private ticking: NodeJS.Timeout | undefined;
  private asking: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server) {
    this.item.name = "bytefim";
    this.subscriptions = [
      server.onStatus(() => this.follow()),
      server.onAnswered(() => this.askWhySoon()),
      window.onDidChangeActiveTextEditor(() => this.askWhySoon()),
    ];
    this.draw();
    this.item.show();
  }

  dispose(): void {
    clearInterval(this.ticking);
    clearTimeout(this.asking);
    this.subscriptions.forEach((subscription) => subscription.dispose());
    this.item.dispose();
  }

  private follow(): void {
    clearInterval(this.ticking);
    if (this.server.status.state === "busy") {
      this.busySinceMs = Date.now();
      this.ticking = setInterval(() => this.draw(), TICK_MS);
    }
    this.draw();
  }

  private askWhySoon(): void {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => void this.askWhy(), ASK_WHY_AFTER_MS);
  }

  private async askWhy(): Promise<void> {
    const uri = window.activeTextEditor?.document.uri.toString();
    this.why = uri === undefined ? undefined : await this.server.explain(uri);
    this.draw();
  }

  private draw(): void {
    const status = this.server.status;
    this.item.text = label(status, Date.now() - this.busySinceMs);
    this.item.tooltip = tooltip(status, this.why);
    this.item.command = status.state === "missing" ? "bytefim.installServer" : "bytefim.showWhy";
    this.item.backgroundColor =
      status.state === "error" ? new ThemeColor("statusBarItem.errorBackground") : undefined;
  }
}
