/** What the server says of itself and of its last decision, and how that reads. Knows no editor. */

/** As in the notification `bytefim/status`; `missing` is our own: there is no server. */
export interface Status {
  readonly state: "missing" | "loading" | "idle" | "busy" | "off" | "error";
  readonly message: string;
  readonly percentage?: number | null;
  readonly model?: string;
}

/** What we use of the result of `bytefim/why`. */
export interface Why {
  readonly outcome: string;
  readonly reason: string;
  readonly confidence?: number | null;
  readonly rule?: number | null;
  readonly timings_ms?: Readonly<Record<string, number>>;
}

/** For the status bar: as short as possible. */
export function label(status: Status, busyForMs: number): string {
  switch (status.state) {
    case "missing":
      return "$(cloud-download) bytefim: no server";
    case "loading":
      return `$(loading~spin) bytefim: loading${status.percentage == null ? "" : ` ${status.percentage} %`}`;
    case "idle":
      return "$(sparkle) bytefim";
    case "busy":
      return `$(loading~spin) bytefim: thinking ${busyForMs} ms`;
    case "off":
      return "$(circle-slash) bytefim: off";
    case "error":
      return "$(error) bytefim";
  }
}

/** For the tooltip: how the server is, and what became of the last suggestion. */
export function tooltip(status: Status, why: Why | undefined): string {
  const model = status.model ? ` (${status.model})` : "";
  const lines = [`bytefim${model}: ${status.message}`];
  if (why !== undefined && (status.state === "idle" || status.state === "busy")) {
    lines.push(`Last suggestion: ${describe(why)}`);
  }
  return lines.join("\n\n");
}

/** One sentence for people, with the reason as the server gave it. */
export function describe(why: Why): string {
  const stagesMs = Object.values(why.timings_ms ?? {});
  const totalMs = stagesMs.reduce((sum, ms) => sum + ms, 0);
  const details = [
    why.rule ? `rule ${why.rule}` : "",
    why.confidence ? `confidence ${(100 * why.confidence).toFixed(0)} %` : "",
    stagesMs.length > 0 ? `${totalMs.toFixed(0)} ms` : "",
  ].filter((detail) => detail !== "");
  return `${why.outcome}: ${why.reason}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
}
