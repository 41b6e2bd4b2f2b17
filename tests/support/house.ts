// Servers that are one room on a PostgreSQL, and members of it with clients as they are.

import { expect } from "bun:test";
import { Link } from "../../lib/client/core/link.ts";
import type { Connect } from "../../lib/client/core/wire.ts";
import { tcp } from "../../lib/client/terminal/tcp.ts";
import type { Recorded } from "../../lib/protocol/events.ts";
import type { PostgresServer } from "./postgres.ts";
import { Server } from "./server.ts";
import { Transcript } from "./transcript.ts";

export type HouseOptions = {
  flags?: string[];
  environment?: Record<string, string>;
  /** Where the servers look for PostgreSQL, if it is not where it is. */
  url?: string;
};

let houses = 0;

/** Servers of one room, which is another one for each house. */
export class House implements AsyncDisposable {
  readonly postgres: PostgresServer;
  readonly room = `house-${++houses}`;
  readonly servers: Server[] = [];
  readonly #flags: string[];
  readonly #environment: Record<string, string>;

  private constructor(postgres: PostgresServer, { flags = ["--stay"], environment = {}, url }: HouseOptions) {
    this.postgres = postgres;
    this.#flags = ["--room", this.room, ...flags];
    this.#environment = { ...environment, CHAT_HISTORY: url ?? postgres.url() };
  }

  static async open(postgres: PostgresServer, servers: number, options: HouseOptions = {}): Promise<House> {
    const house = new House(postgres, options);
    const started = Array.from({ length: servers }, () => house.start());
    house.servers.push(...(await Promise.all(started)));
    return house;
  }

  /** Another server; its own flags and environment win. */
  start(flags: string[] = [], environment: Record<string, string> = {}): Promise<Server> {
    return Server.start([...this.#flags, ...flags], { ...this.#environment, ...environment });
  }

  /** Kills one, and starts it again on its port; `meanwhile` it is not there. */
  async replace(index: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    const { port } = this.at(index);
    await this.at(index).kill("SIGKILL");
    await meanwhile();
    this.servers[index] = await this.start(["--port", `${port}`]);
  }

  at(index: number): Server {
    const server = this.servers[index];
    if (!server) throw new Error(`There is no server ${index}`);
    return server;
  }

  port(index: number): number {
    return this.at(index).port;
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** Nothing can be written in this room for so long. Resolves once it is so. */
  hold(ms: number): Promise<void> {
    return this.postgres.hold("SELECT FROM chat.rooms WHERE room = $1 FOR UPDATE", [this.room], ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

/** What a server has said of its history: what is wrong, and that it is not any more. */
export function troubles(server: Server): string[] {
  const said = server.log.items.map((line) => /The history .*/.exec(line)?.[0] ?? "");
  return said.filter((line) => line !== "");
}

/** A client as it is, and everything it was given. */
export class Member implements Disposable {
  readonly heard = new Transcript<Recorded>();
  readonly gaps: unknown[] = [];
  readonly problems: string[] = [];
  readonly link: Link;

  private constructor(ports: number[]) {
    const servers = ports.map((port) => tcp({ host: "localhost", port })) as [Connect, ...Connect[]];
    this.link = new Link(
      { servers, historyEvents: 0 },
      {
        event: (event) => {
          if ("at" in event) this.heard.push(event);
          if (event.type === "gap") this.gaps.push(event);
        },
        state: () => {},
        nameless: (problem) => this.problems.push(problem.text),
        refused: (message, problem) => this.problems.push(`refused ${message.text}: ${problem.text}`),
        closed: (reason) => reason !== undefined && this.problems.push(reason),
      },
    );
  }

  /** At the first of these servers, and at the next ones when that is gone. */
  static async join(ports: number[], name: string): Promise<Member> {
    const member = new Member(ports);
    expect(await member.link.join(name)).toBeUndefined();
    return member;
  }

  say(text: string): void {
    this.link.say({ type: "say", text });
  }

  get said(): Recorded[] {
    return this.heard.items.filter(({ type }) => type === "said");
  }

  /** Resolves once so many messages were heard, from whomever. */
  async heardSaid(count: number): Promise<void> {
    await this.heard.until(() => this.said.length >= count || undefined, `${count} messages`);
  }

  [Symbol.dispose](): void {
    this.link.quit();
  }
}

export const textOf = (event: Recorded) => ("text" in event ? (event.text ?? "") : "");

/** All of them heard the same, in one order, and each line once. */
export function expectOneOrder(members: Member[], lines: string[]): void {
  const [first, ...others] = members;
  for (const other of others) expect(other.said).toEqual(first?.said ?? []);
  expect(first?.said.map(textOf).sort()).toEqual([...lines].sort());
  for (const { heard, gaps, problems } of members) {
    const seqs = heard.items.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    expect([...gaps, ...problems]).toEqual([]);
  }
}
