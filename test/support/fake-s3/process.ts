/** Starts the fake in a process of its own and speaks to its control. */

import { fileURLToPath } from "node:url";
import type { BucketRules } from "./bucket.ts";
import type { FaultRule } from "./faults.ts";
import type { SeenRequest } from "./server.ts";

export interface FakeS3Process {
	readonly endpoint: string;
	readonly region: string;
	readonly bucket: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	addFault(rule: FaultRule): Promise<void>;
	clearFaults(): Promise<void>;
	setRules(rules: Partial<BucketRules>): Promise<void>;
	freezeListings(frozen: boolean): Promise<void>;
	setClockOffset(offsetMs: number): Promise<void>;
	release(): Promise<void>;
	requests(): Promise<SeenRequest[]>;
	keys(): Promise<string[]>;
	stop(): Promise<void>;
}

/** Resolves when it listens. */
export async function startFakeS3Process(): Promise<FakeS3Process> {
	const main = fileURLToPath(new URL("./main.ts", import.meta.url));
	const child = Bun.spawn([process.execPath, main], { stdout: "pipe", stderr: "inherit" });
	let line = "";
	const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
	while (!line.includes("\n")) {
		const { done, value } = await reader.read();
		if (done) throw new Error("the fake S3 server did not start");
		line += value;
	}
	const told = JSON.parse(line) as {
		endpoint: string;
		region: string;
		bucket: string;
		accessKeyId: string;
		secretAccessKey: string;
		control: string;
	};
	const order = async (path: string, body?: unknown, method = "POST") => {
		const response = await fetch(`${told.control}${path}`, {
			method,
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		if (!response.ok) throw new Error(`control ${path}: ${response.status}`);
		return response;
	};
	return {
		...told,
		addFault: async (rule) => void (await order("/faults", rule)),
		clearFaults: async () => void (await order("/faults", undefined, "DELETE")),
		setRules: async (rules) => void (await order("/rules", rules)),
		freezeListings: async (frozen) => void (await order("/listings", { frozen })),
		setClockOffset: async (offsetMs) => void (await order("/clock", { offsetMs })),
		release: async () => void (await order("/release")),
		requests: async () =>
			(await (await order("/requests", undefined, "GET")).json()) as SeenRequest[],
		keys: async () => (await (await order("/keys", undefined, "GET")).json()) as string[],
		async stop() {
			child.kill();
			await child.exited;
		},
	};
}
