/** GET, LOCK, POST and UNLOCK of a small state, on each store, against the bare server in turn. */
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { type StoreName, type Subject, startBare, startTaco, token } from "./processes.ts";

const rounds = 200;

function state(serial: number): string {
	return JSON.stringify({
		version: 4,
		terraform_version: "1.11.4",
		serial,
		lineage: "5f0c3f6e-9d3a-4b61-8f0a-0a1b2c3d4e5f",
		outputs: {},
		resources: Array.from({ length: 20 }, (_, i) => ({
			mode: "managed",
			type: "terraform_data",
			name: `r${i}`,
			instances: [{ attributes: { id: `id-${i}`, input: "x".repeat(300) } }],
		})),
	});
}

const operations = ["GET", "LOCK", "POST", "UNLOCK"] as const;
type Samples = Record<(typeof operations)[number], number[]>;

async function round(subject: Subject, serial: number, samples: Samples | null): Promise<void> {
	const id = crypto.randomUUID();
	const lock = JSON.stringify({
		ID: id,
		Operation: "OperationTypeApply",
		Info: "",
		Who: "bench@host",
		Version: "1.11.4",
		Created: "2026-01-01T00:00:00Z",
		Path: "",
	});
	const address = `${subject.url}/v1/backend/bench/unit`;
	const headers = {
		authorization: `Basic ${btoa(`bench:${token}`)}`,
		"content-type": "application/json",
	};
	const send = async (method: string, url: string, body?: string) => {
		const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
		await response.arrayBuffer();
		if (response.status >= 400 && !(method === "GET" && response.status === 404)) {
			throw new Error(`${subject.name}: ${method} answered ${response.status}`);
		}
	};
	const calls = {
		LOCK: () => send("LOCK", address, lock),
		POST: () => send("POST", `${address}?ID=${id}`, state(serial)),
		GET: () => send("GET", address),
		UNLOCK: () => send("UNLOCK", address, lock),
	};
	for (const operation of ["LOCK", "POST", "GET", "UNLOCK"] as const) {
		const ms = await timed(calls[operation]);
		samples?.[operation].push(ms);
	}
}

/** Measures and prints. */
export async function benchOperations(): Promise<void> {
	const rows: string[][] = [];
	for (const store of ["memory", "filesystem", "s3"] as const satisfies StoreName[]) {
		await using taco = await startTaco(store);
		await using bare = await startBare();
		const samples = { taco: empty(), bare: empty() };
		for (let i = 1; i <= 20; i++) {
			await round(taco, i, null);
			await round(bare, i, null);
		}
		for (let i = 21; i <= 20 + rounds; i++) {
			await round(taco, i, samples.taco);
			await round(bare, i, samples.bare);
		}
		for (const operation of operations) {
			const ours = median(samples.taco[operation]);
			const yardstick = median(samples.bare[operation]);
			rows.push([
				store === "s3" ? "s3 (fake)" : store,
				operation,
				milliseconds(ours),
				milliseconds(yardstick),
				`${(ours / yardstick).toFixed(1)}x`,
			]);
		}
	}
	printTable(
		"One request, small state (medians)",
		["store", "operation", "taco", "bare", "ratio"],
		rows,
	);
}

function empty(): Samples {
	return { GET: [], LOCK: [], POST: [], UNLOCK: [] };
}
