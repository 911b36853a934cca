/**
 * A process that creates objects in a folder, for tests with several processes and with a kill at a
 * chosen step. Reads one JSON order from its argument; prints the names that it created as JSON.
 */

import { FilesystemStore } from "../../src/storage/filesystem.ts";
import type { FileStep } from "../../src/storage/filesystem-durable.ts";
import { machineClock } from "./store-clock.ts";

export interface RacerOrder {
	readonly directory: string;
	readonly id: string;
	readonly names: readonly string[];
	/** Deletes each name first, so that directories come and go. */
	readonly churn?: string;
	/** Kills itself with SIGKILL at this step of the first name. */
	readonly killAt?: FileStep;
	/** Replaces instead of creating. */
	readonly replace?: boolean;
}

if (import.meta.main) {
	const order = JSON.parse(Bun.argv[2] ?? "") as RacerOrder;
	const store = await FilesystemStore.open({
		directory: order.directory,
		clock: machineClock,
		onStep(step) {
			if (step === order.killAt) process.kill(process.pid, "SIGKILL");
		},
	});
	const won: string[] = [];
	// A line says that this process is ready; one back says that all are.
	console.log("ready");
	for await (const _ of console) break;
	for (const name of order.names) {
		const bytes = new TextEncoder().encode(`${order.id} `.repeat(2000));
		if (order.replace) {
			await store.put(name, bytes);
		} else if ((await store.putIfAbsent(name, bytes)).created) {
			won.push(name);
		}
		if (order.churn !== undefined) {
			await store.put(`${order.churn}/deep/er/x`, bytes);
			await store.delete(`${order.churn}/deep/er/x`);
		}
	}
	console.log(JSON.stringify(won));
	process.exit(0);
}
