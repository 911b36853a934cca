/**
 * Virtual time. Events run one at a time, in the order of their time and, where that is equal, in
 * a seeded order; after each one everything that it set in motion runs until nothing is left to do.
 * The whole run is a function of the seed: the trace's hash says whether two runs were the same.
 */
import type { Prng } from "./prng.ts";

interface Event {
	readonly at: number;
	readonly order: number;
	readonly label: string;
	run: (() => void) | null;
}

/** An event that has not happened yet. */
export interface Pending {
	cancel(): void;
}

export class Scheduler {
	readonly #prng: Prng;
	readonly #heap: Event[] = [];
	readonly #isTracing: boolean;
	#now = 0;
	#count = 0;
	#hash = 0x811c9dc5;
	readonly trace: string[] = [];

	constructor(prng: Prng, options: { readonly isTracing?: boolean } = {}) {
		this.#prng = prng;
		this.#isTracing = options.isTracing ?? false;
	}

	/** Virtual ms since the start. */
	get now(): number {
		return this.#now;
	}

	/** Events that have happened. */
	get count(): number {
		return this.#count;
	}

	/** Equal for equal runs. */
	get traceHash(): string {
		return (this.#hash >>> 0).toString(16).padStart(8, "0");
	}

	/** Runs `run` after `delayMs` of virtual time. */
	after(delayMs: number, label: string, run: () => void): Pending {
		const at = this.#now + Math.max(0, Math.round(delayMs));
		const event: Event = { at, order: this.#prng.next(), label, run };
		this.#push(event);
		return {
			cancel() {
				event.run = null;
			},
		};
	}

	/** Resolves after `delayMs` of virtual time. For the harness itself, which no fault touches. */
	sleep(delayMs: number): Promise<void> {
		return new Promise((resolve) => {
			this.after(delayMs, "sleep", resolve);
		});
	}

	/** Adds to the trace what happened besides events. */
	note(text: string): void {
		this.#mix(text);
		if (this.#isTracing) this.trace.push(`${String(this.#now).padStart(7)} ${text}`);
	}

	/**
	 * Runs events until the promise settles. Gives false when nothing is left that could settle it,
	 * or after `eventsMax` events.
	 */
	async runUntil(done: Promise<unknown>, eventsMax = Number.POSITIVE_INFINITY): Promise<boolean> {
		let isDone = false;
		const settled = () => {
			isDone = true;
		};
		done.then(settled, settled);
		await quiet();
		while (!isDone) {
			const event = this.#pop();
			if (event === undefined || this.#count >= eventsMax) return false;
			if (event.run === null) continue;
			this.#now = event.at;
			this.#count++;
			this.#mix(event.label);
			const run = event.run;
			event.run = null;
			run();
			await quiet();
		}
		return true;
	}

	#mix(text: string): void {
		let hash = Math.imul(this.#hash ^ this.#now, 0x01000193);
		for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
		this.#hash = hash;
	}

	#push(event: Event): void {
		const heap = this.#heap;
		let index = heap.push(event) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!isBefore(event, heap[parent] as Event)) break;
			heap[index] = heap[parent] as Event;
			index = parent;
		}
		heap[index] = event;
	}

	#pop(): Event | undefined {
		const heap = this.#heap;
		const top = heap[0];
		const last = heap.pop();
		if (top === undefined || last === undefined || heap.length === 0) return top;
		let index = 0;
		for (;;) {
			let child = 2 * index + 1;
			if (child >= heap.length) break;
			const right = heap[child + 1];
			if (right !== undefined && isBefore(right, heap[child] as Event)) child++;
			if (!isBefore(heap[child] as Event, last)) break;
			heap[index] = heap[child] as Event;
			index = child;
		}
		heap[index] = last;
		return top;
	}
}

function isBefore(a: Event, b: Event): boolean {
	return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Everything that needs no further event has run when this resolves: microtasks come first. */
function quiet(): Promise<void> {
	return new Promise((resolve) => {
		setImmediate(resolve);
	});
}
