/**
 * The server's life: found, started, spoken to, started again when it ends by itself, and left alone when that
 * happens too often. Shows nothing: what people should know is the status that it tells.
 */

import { spawn } from "node:child_process";
import { type Disposable, EventEmitter, type LogOutputChannel } from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
} from "vscode-languageclient/node";
import { Coalesced } from "./coalesced.ts";
import { Crashes, MAX_CRASHES } from "./crashes.ts";
import { cleanEnvironment, type Found } from "./launch.ts";
import { readServerSettings, withoutOwn } from "./settings.ts";
import type { Status, Why } from "./status.ts";

const STOP_MS = 2000;

/** Some errors it would show as popups whatever it is told; they are in the log, and the status tells them. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class Server implements Disposable {
  private client: LanguageClient | undefined;
  private fallenClient: LanguageClient | undefined;
  private isDisposed = false;
  private wait: NodeJS.Timeout | undefined;
  private readonly crashes = new Crashes();
  private readonly restarting = new Coalesced(() => this.startAnew());
  private readonly statusEmitter = new EventEmitter<Status>();
  private readonly answeredEmitter = new EventEmitter<void>();
  private current: Status = { state: "loading", message: "the server is being started" };

  readonly onStatus = this.statusEmitter.event;
  /** Fires when a request for a suggestion was answered, with one or not. */
  readonly onAnswered = this.answeredEmitter.event;

  constructor(
    private readonly find: () => Found,
    private readonly log: LogOutputChannel,
  ) {}

  get status(): Status {
    return this.current;
  }

  /** Start, or stop and start. Clicks and changes that come meanwhile are one more start. */
  restart(): Promise<void> {
    this.crashes.forget();
    return this.restarting.request();
  }

  /** Rejects while there is no server, with the reason that the status tells. */
  async request<R>(method: string, params: unknown): Promise<R> {
    if (this.client === undefined || !this.client.isRunning()) {
      throw new Error(this.current.message);
    }
    return this.client.sendRequest<R>(method, params);
  }

  /** What became of the last suggestion for a document; without a server, why there is none. */
  async explain(uri: string): Promise<Why> {
    try {
      return await this.request<Why>("bytefim/why", { textDocument: { uri } });
    } catch {
      return { outcome: "no server", reason: this.current.message };
    }
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.wait);
    void this.stop();
    this.statusEmitter.dispose();
    this.answeredEmitter.dispose();
  }

  private async startAnew(): Promise<void> {
    clearTimeout(this.wait);
    await this.stop();
    if (this.isDisposed) {
      return;
    }
    const found = this.find();
    if (found.path === undefined) {
      this.tell({ state: "missing", message: found.reason });
      return;
    }
    this.tell({ state: "loading", message: "the server is being started" });
    this.log.info(`starting ${found.path}`);
    const client = this.build(found.path);
    this.client = client;
    client.onNotification("bytefim/status", (status: Status) => {
      if (client === this.client) {
        this.tell(status);
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.log.warn(`the server did not start: ${String(error)}`);
      this.fallen(client); // the connection may be open still: it answered, but not as a server does
    }
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    try {
      await client?.dispose(STOP_MS);
    } catch (error) {
      this.log.debug(`stopping: ${String(error)}`); // it had ended before
    }
  }

  private build(path: string): LanguageClient {
    const client: LanguageClient = new QuietClient("bytefim", "bytefim", () => this.spawn(path), {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-notebook-cell" }],
      initializationOptions: readServerSettings(),
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never, // also: no popup for a request that fails
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          this.fallen(client);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      middleware: this.middleware(() => client),
    } satisfies LanguageClientOptions);
    return client;
  }

  private middleware(client: () => LanguageClient): NonNullable<LanguageClientOptions["middleware"]> {
    return {
      workspace: {
        configuration: async (params, token, next) => {
          const sections = await next(params, token);
          return Array.isArray(sections) ? sections.map(withoutOwn) : sections;
        },
        // without a payload the server asks for the settings, and gets its own only
        didChangeConfiguration: () =>
          client().sendNotification(DidChangeConfigurationNotification.type, { settings: null }),
      },
      // the status bar tells it already
      handleWorkDoneProgress: () => undefined,
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        const result = await next(document, position, context, token);
        this.answeredEmitter.fire();
        return result;
      },
    };
  }

  private async spawn(path: string) {
    const child = spawn(path, ["serve", "--stdio"], { env: cleanEnvironment(process.env), stdio: "pipe" });
    child.on("error", (error) => this.log.error(`${path}: ${error.message}`)); // its streams end, too
    child.on("exit", (code, signal) => this.log.info(`the server has ended: ${signal ?? `status ${code}`}`));
    return child;
  }

  /** The server ended by itself, or did not come up. Told once per client, however many signs of it there are. */
  private fallen(client: LanguageClient): void {
    if (this.isDisposed || client !== this.client || client === this.fallenClient) {
      return;
    }
    this.fallenClient = client;
    const waitMs = this.crashes.count(Date.now());
    if (waitMs === undefined) {
      const remedy = "see the log, then run “bytefim: Restart the Server”";
      this.tell({ state: "error", message: `the server has ended ${MAX_CRASHES + 1} times; ${remedy}` });
      return;
    }
    this.tell({ state: "loading", message: "the server has ended by itself and is started again" });
    clearTimeout(this.wait);
    this.wait = setTimeout(() => void this.restarting.request(), waitMs);
  }

  private tell(status: Status): void {
    this.current = status;
    this.statusEmitter.fire(status);
  }
}
