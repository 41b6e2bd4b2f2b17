// Servers that share one room on a PostgreSQL, and members of it with the client's own link.

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
  /** The address at which the servers find PostgreSQL, if that is another than its own, as with a proxy. */
  url?: string;
};

let houses = 0;

/** Some servers of one room; each house has a room of its own. */
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

  /** Starts another server; these flags and this environment win over those of the house. */
  start(flags: string[] = [], environment: Record<string, string> = {}): Promise<Server> {
    return Server.start([...this.#flags, ...flags], { ...this.#environment, ...environment });
  }

  /** Kills a server, and starts it again on its port, after `meanwhile`. */
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

  /** Keeps all writes of this room waiting for so long. Resolves once they wait. */
  hold(ms: number): Promise<void> {
    return this.postgres.hold("SELECT FROM chat.rooms WHERE room = $1 FOR UPDATE", [this.room], ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

/** The lines in which a server has reported trouble with its history, or the end of it. */
export function troubles(server: Server): string[] {
  const said = server.log.items.map((line) => /The history .*/.exec(line)?.[0] ?? "");
  return said.filter((line) => line !== "");
}

/** A member with the client's link, and all that the link handed on. */
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

  /** Joins at the first of these servers; when that is gone, the link goes on to the next. */
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

  /** Resolves once so many messages were heard, of any members. */
  async heardSaid(count: number): Promise<void> {
    await this.heard.until(() => this.said.length >= count || undefined, `${count} messages`);
  }

  [Symbol.dispose](): void {
    this.link.quit();
  }
}

export const textOf = (event: Recorded) => ("text" in event ? (event.text ?? "") : "");

/** Expects that all members heard the same messages in one order, and each line once. */
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
