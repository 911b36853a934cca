/** A 100 MB state through the server, and what that does to its memory. */
import { megabytes, milliseconds, printTable, timed } from "./figures.ts";
import { cloudRows } from "./large-cloud-state.ts";
import { type StoreName, type Subject, settledMemory, startTaco, token } from "./processes.ts";

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

async function upload(subject: Subject, serial: number): Promise<void> {
	const { stream, size } = largeState(serial, sizeBytes);
	const response = await fetch(`${subject.url}/v1/backend/bench/large`, {
		method: "POST",
		headers: { authorization: `Bearer ${token}`, "content-length": String(size) },
		body: stream,
	});
	if (!response.ok) throw new Error(`upload answered ${response.status}: ${await response.text()}`);
}

async function download(subject: Subject): Promise<void> {
	const response = await fetch(`${subject.url}/v1/backend/bench/large`, {
		headers: { authorization: `Bearer ${token}` },
	});
	let received = 0;
	for await (const chunk of response.body ?? []) received += chunk.length;
	if (!response.ok || received < sizeBytes * 0.99) throw new Error("the download was not whole");
}

/** Measures and prints. */
export async function benchLargeState(): Promise<void> {
	const rows: string[][] = [];
	for (const store of ["filesystem", "s3"] as const satisfies StoreName[]) {
		await using taco = await startTaco(store);
		const before = await settledMemory(taco);
		const steps: [string, () => Promise<void>][] = [
			["upload", () => upload(taco, 1)],
			["download", () => download(taco)],
		];
		for (const [name, step] of steps) {
			await taco.resetPeakMemory();
			const ms = await timed(step);
			const growth = (await taco.peakMemoryBytes()) - before;
			rows.push([store === "s3" ? "s3 (fake)" : store, name, milliseconds(ms), megabytes(growth)]);
		}
		rows.push(...(await cloudRows(store, sizeBytes)));
	}
	printTable(
		"A 100 MB state",
		["store", "transfer", "time", "growth of the server's peak memory"],
		rows,
	);
}
