/** What terraform 1.11.4 really sent, replayed: each line of the fixture is one session of it. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adminToken, basic, createTestApp, stateText } from "./test-app.ts";

interface Step {
	readonly command: string;
	readonly method: string;
	readonly target: string;
	/** What the recording's server answered; terraform went on or stopped accordingly. */
	readonly status: number;
	readonly lock?: Readonly<Record<string, string>>;
	readonly state?: { readonly serial: number; readonly lineage: string };
	readonly md5?: string;
}

interface Session {
	readonly name: string;
	readonly steps: readonly Step[];
}

const sessions: readonly Session[] = readFileSync(
	join(import.meta.dir, "../fixtures/wire/http-backend.jsonl"),
	"utf8",
)
	.trim()
	.split("\n")
	.map((line) => JSON.parse(line));

/** Statuses that mean the same to terraform as the recorded one. */
function equivalents({ method, status, lock }: Step): readonly number[] {
	if (method === "GET" && status === 404) return [404, 204];
	// Ours names the holder under 423; releasing what is free is a success here.
	if (method === "UNLOCK" && lock === undefined) return [200];
	if (lock !== undefined && status === 409) return [423];
	return [status];
}

function bodyOf({ lock, state }: Step): { body?: string } {
	if (lock !== undefined) return { body: JSON.stringify(lock) };
	if (state === undefined) return {};
	return { body: stateText(state.serial, "recorded", state.lineage) };
}

for (const { name, steps } of sessions) {
	test(`${name}: ${steps.length} requests`, async () => {
		await using app = createTestApp();
		for (const [index, step] of steps.entries()) {
			const headers: Record<string, string> = {
				"user-agent": "Go-http-client/1.1",
				"accept-encoding": "gzip",
				authorization: basic(adminToken, "terraform"),
			};
			if (step.md5 !== undefined) headers["content-md5"] = step.md5;
			const response = await app.send(step.method, step.target, { headers, ...bodyOf(step) });
			const seen = `${index}. ${step.command}: ${step.method} ${step.target}: ${response.status}`;
			const expected = equivalents(step).includes(response.status) ? seen : "another status";
			expect(seen).toBe(expected);
			if (response.status === 423) {
				const holder = await response.json();
				expect(holder).toMatchObject({ ID: expect.stringContaining("held by") });
			}
		}
	});
}

test("the recordings are there", () => {
	expect(sessions.length).toBeGreaterThanOrEqual(8);
	expect(sessions.flatMap(({ steps }) => steps).length).toBeGreaterThan(150);
});
