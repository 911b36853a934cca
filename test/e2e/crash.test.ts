/** kill -9 of the real server under load: what it acknowledged is there when it comes back. */
import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { freePort } from "../support/foreign-s3.ts";
import { adminToken, startServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const rounds = 6;
const writers = 4;
const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };

function state(writer: number, serial: number): string {
	const filler = "x".repeat(20_000);
	return JSON.stringify({ version: 4, serial, lineage: `writer-${writer}`, outputs: {}, filler });
}

/** Writes serial after serial until the server is gone; gives the last one that was acknowledged. */
async function write(
	url: string,
	writer: number,
	from: number,
	onAck: () => void,
): Promise<{ acked: number; tried: number }> {
	let acked = from;
	for (let serial = from + 1; ; serial++) {
		try {
			const response = await fetch(`${url}/v1/backend/load/w${writer}`, {
				method: "POST",
				headers,
				body: state(writer, serial),
			});
			if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`);
			acked = serial;
			onAck();
		} catch (error) {
			if (error instanceof Error && error.message.startsWith("answered")) throw error;
			return { acked, tried: serial };
		}
	}
}

async function serialOf(url: string, writer: number): Promise<number> {
	const response = await fetch(`${url}/v1/backend/load/w${writer}`, { headers });
	if (response.status === 404) return 0;
	const text = await response.text();
	const { serial } = JSON.parse(text) as { serial: number };
	// Byte for byte what was sent: neither torn nor mixed.
	expect(text).toBe(state(writer, serial));
	return serial;
}

test("nothing acknowledged is lost, and the store is whole, after each of several kills", async () => {
	await using folder = await temporaryDirectory("crash");
	const port = await freePort();
	const lastAcked = Array.from({ length: writers }, () => 0);
	for (let round = 0; round < rounds; round++) {
		const server = await startServer({ cwd: folder.path, port });
		const serials = await Promise.all(lastAcked.map((_, writer) => serialOf(server.url, writer)));
		const acks = serials.map(() => 0);
		const load = serials.map((serial, writer) =>
			write(server.url, writer, serial, () => {
				acks[writer] = (acks[writer] ?? 0) + 1;
			}),
		);
		// One writer has its answer; the kill hits the others at whatever step they are.
		const acksMin = 3 * writers + round;
		await until(() => Math.min(...acks) >= 2 && acks.reduce((a, b) => a + b) >= acksMin);
		await server.kill();
		const outcomes = await Promise.all(load);

		const again = await startServer({ cwd: folder.path, port });
		for (const [writer, { acked, tried }] of outcomes.entries()) {
			const found = await serialOf(again.url, writer);
			expect(found).toBeGreaterThanOrEqual(acked);
			expect(found).toBeLessThanOrEqual(tried);
			lastAcked[writer] = found;
		}
		await again.stop();
	}
	expect(Math.min(...lastAcked)).toBeGreaterThan(rounds);
	const codes = async (...flags: string[]) => {
		const examined = await runTaco(["doctor", "--json", ...flags], { cwd: folder.path });
		expect({ code: examined.exitCode, errors: examined.stderr }).toEqual({ code: 0, errors: "" });
		const { findings } = JSON.parse(examined.stdout) as { findings: { code: string }[] };
		return new Set(findings.map((f) => f.code));
	};
	// A kill leaves a body that nothing refers to, or a plain copy that is behind; nothing worse.
	const left = await codes("--deep");
	expect(left.difference(new Set(["orphan", "projection-behind"]))).toEqual(new Set());
	expect((await codes("--repair")).difference(new Set(["orphan"]))).toEqual(new Set());
});

test("a lock outlives the server, and so does its refusal of others", async () => {
	await using folder = await temporaryDirectory("crash");
	const port = await freePort();
	const server = await startServer({ cwd: folder.path, port });
	const lock = (id: string) =>
		fetch(`http://localhost:${port}/v1/backend/app`, {
			method: "LOCK",
			headers,
			body: JSON.stringify({ ID: id, Operation: "OperationTypeApply", Who: "alice@laptop" }),
		});
	expect((await lock("L1")).status).toBe(200);
	await server.kill();
	await using again = await startServer({ cwd: folder.path, port });
	expect((await lock("L2")).status).toBe(423);
	// The holder's repeated request, as Terraform sends it after a lost answer.
	expect((await lock("L1")).status).toBe(200);
	expect(again.log()).not.toContain(adminToken);
});

test("a store whose data went missing is told apart from an empty one", async () => {
	await using folder = await temporaryDirectory("crash");
	{
		await using server = await startServer({ cwd: folder.path });
		const response = await fetch(`${server.url}/v1/backend/app`, {
			method: "POST",
			headers,
			body: state(0, 1),
		});
		expect(response.status).toBe(200);
		await server.stop();
	}
	const bodies = join(folder.path, "taco-data/__opentaco/body");
	await rename(bodies, `${bodies}-gone`);
	await using server = await startServer({ cwd: folder.path });
	const read = await fetch(`${server.url}/v1/backend/app`, { headers });
	expect(read.status).toBeGreaterThanOrEqual(500);
	const examined = await runTaco(["doctor"], { cwd: folder.path });
	expect(examined.exitCode).toBe(1);
	expect(examined.stdout).toContain("the content of version 1 is missing");
});
