/** A 100 MB state through the server, and what that does to its memory. */
import { megabytes, milliseconds, printTable, timed } from "./figures.ts";
import { cloudRows } from "./large-cloud-state.ts";
import {
	type StoreName,
	type Subject,
	settledMemory,
	startTaco,
	tlsFiles,
	token,
	untilQuiet,
} from "./processes.ts";

const sizeBytes = 100 * 2 ** 20;

/** A state of about the size, as a stream of its own making: the client holds nothing either. */
export function largeState(
	serial: number,
	sizeBytes: number,
	outputs = "{}",
): { stream: ReadableStream<Uint8Array>; size: number } {
	const head = `{"version":4,"terraform_version":"1.11.4","serial":${serial},"lineage":"bench","outputs":${outputs},"resources":[`;
	const item = `{"mode":"managed","type":"terraform_data","name":"r","instances":[{"attributes":{"input":"${"x".repeat(900)}"}}]}`;
	const tail = "]}\n";
	const count = Math.floor(sizeBytes / (item.length + 1));
	const size = head.length + count * item.length + (count - 1) + tail.length;
	const batch = 64;
	let sent = 0;
	const encoder = new TextEncoder();
	const stream = new ReadableStream<Uint8Array>({
		pull(controller) {
			if (sent === 0) controller.enqueue(encoder.encode(head));
			const items = Array.from({ length: Math.min(batch, count - sent) }, () => item);
			controller.enqueue(encoder.encode((sent > 0 ? "," : "") + items.join(",")));
			sent += items.length;
			if (sent === count) {
				controller.enqueue(encoder.encode(tail));
				controller.close();
			}
		},
	});
	return { stream, size };
}

interface Store {
	readonly name: StoreName;
	readonly isTls: boolean;
}

function shown({ name, isTls }: Store): string {
	return `${name === "s3" ? "s3 (fake)" : name}${isTls ? ", TLS" : ""}`;
}

/** The requests of a client that holds no more than a chunk. */
class Client {
	readonly #subject: Subject;
	readonly init: BunFetchRequestInit;

	constructor(subject: Subject, isTls: boolean) {
		this.#subject = subject;
		this.init = isTls ? { tls: { ca: Bun.file(tlsFiles(subject).ca) } } : {};
	}

	async upload(unit: string, serial: number): Promise<void> {
		const { stream, size } = largeState(serial, sizeBytes);
		const response = await this.#fetch(`/v1/backend/bench/${unit}`, {
			method: "POST",
			headers: { "content-length": String(size) },
			body: stream,
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`upload answered ${response.status}: ${text}`);
	}

	async download(unit: string): Promise<void> {
		const response = await this.#fetch(`/v1/backend/bench/${unit}`);
		let received = 0;
		for await (const chunk of response.body ?? []) received += chunk.length;
		if (!response.ok || received < sizeBytes * 0.99) throw new Error("the download was not whole");
	}

	/** Of a state that is not indexed yet this waits for its index. */
	async outputs(unit: string): Promise<void> {
		const response = await this.#fetch(`/v1/units/bench__${unit}/outputs`);
		const text = await response.text();
		if (!response.ok) throw new Error(`outputs answered ${response.status}: ${text}`);
	}

	#fetch(path: string, init: BunFetchRequestInit = {}): Promise<Response> {
		const headers = { ...init.headers, authorization: `Bearer ${token}` };
		return fetch(`${this.#subject.url}${path}`, { ...init, ...this.init, headers });
	}
}

/** What is measured, in this order on one server, and how many transfers share the growth. */
function stepsOf(client: Client, taco: Subject): [string, number, () => Promise<unknown>][] {
	const quiet = () => untilQuiet(taco);
	return [
		["upload", 1, () => client.upload("one", 1)],
		["copy and index after it", 1, quiet],
		["download", 1, () => client.download("one")],
		["upload, copy and index", 1, () => client.upload("one", 2).then(quiet)],
		["", 1, () => client.upload("one", 3)],
		["download while it is copied and indexed", 1, () => client.download("one").then(quiet)],
		["", 1, () => client.upload("one", 4)],
		["outputs while it is copied", 1, () => client.outputs("one").then(quiet)],
		["two uploads at once, each", 2, () => atOnce((unit) => client.upload(unit, 5))],
		["copying and indexing both", 1, quiet],
		["two downloads at once, each", 2, () => atOnce((unit) => client.download(unit))],
	];
}

function atOnce(work: (unit: string) => Promise<void>): Promise<unknown> {
	return Promise.all(["one", "two"].map(work));
}

/** Measures one store without a client of Terraform. */
export async function transferRows(store: Store): Promise<string[][]> {
	await using taco = await startTaco(store.name, { isTls: store.isTls });
	const client = new Client(taco, store.isTls);
	const before = await settledMemory(taco, client.init);
	const rows: string[][] = [];
	for (const [name, transfers, step] of stepsOf(client, taco)) {
		await taco.resetPeakMemory();
		const ms = await timed(step);
		const growth = ((await taco.peakMemoryBytes()) - before) / transfers;
		if (name !== "") rows.push([shown(store), name, milliseconds(ms), megabytes(growth)]);
	}
	return rows;
}

const stores: readonly Store[] = [
	{ name: "filesystem", isTls: false },
	{ name: "filesystem", isTls: true },
	{ name: "s3", isTls: false },
	{ name: "s3", isTls: true },
];

/** Measures and prints. The growth is over the idle server as it was before its first transfer. */
export async function benchLargeState(): Promise<void> {
	const rows: string[][] = [];
	for (const store of stores) rows.push(...(await transferRows(store)));
	for (const name of ["filesystem", "s3"] as const)
		rows.push(...(await cloudRows(name, sizeBytes)));
	printTable(
		"A 100 MB state",
		["store", "what happens", "time", "growth of the server's peak memory"],
		rows,
	);
}
