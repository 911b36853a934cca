/**
 * Turns for what reads whole large states beside the transfers of clients: copying them, looking
 * whether a copy is the same, indexing them. Each such pass takes memory, however little of the
 * state it holds; all cores of a process share these turns.
 */
import { limits } from "./limits.ts";

/** Passes that a request waits for never wait for those that nobody waits for. */
export type PassKind = "asked" | "background";

/** Lets large passes begin one after the other. */
export class LargePasses {
	readonly #running = { asked: 0, background: 0 };
	readonly #waiting: Readonly<Record<PassKind, (() => void)[]>> = { asked: [], background: [] };

	/** Runs the work in its turn, at once when the state is small. Fails as the work does. */
	async run<T>(kind: PassKind, sizeBytes: number, work: () => Promise<T>): Promise<T> {
		if (sizeBytes <= limits.bufferedBodyBytesMax) return await work();
		await this.#begin(kind);
		try {
			return await work();
		} finally {
			this.#running[kind]--;
			this.#wake("asked");
			this.#wake("background");
		}
	}

	async #begin(kind: PassKind): Promise<void> {
		if (this.#mayBegin(kind)) {
			this.#running[kind]++;
			return;
		}
		const turn = Promise.withResolvers<void>();
		this.#waiting[kind].push(turn.resolve);
		await turn.promise;
	}

	#mayBegin(kind: PassKind): boolean {
		const { asked, background } = this.#running;
		if (kind === "asked") return asked < limits.askedLargePassesMax;
		return asked === 0 && background < limits.backgroundLargePassesMax;
	}

	#wake(kind: PassKind): void {
		while (this.#waiting[kind].length > 0 && this.#mayBegin(kind)) {
			this.#running[kind]++;
			this.#waiting[kind].shift()?.();
		}
	}
}
