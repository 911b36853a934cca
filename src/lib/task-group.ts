/** Work that goes on after its request was answered, counted so that a shutdown can wait for it. */
export class TaskGroup {
	readonly #running = new Set<Promise<void>>();
	readonly #onError: (name: string, error: unknown) => void;

	constructor(onError: (name: string, error: unknown) => void) {
		this.#onError = onError;
	}

	/** Starts a task; its failure is reported, never thrown. */
	run(name: string, task: () => Promise<void>): void {
		const running = task()
			.catch((error: unknown) => this.#onError(name, error))
			.finally(() => this.#running.delete(running));
		this.#running.add(running);
	}

	/** How many tasks are running. */
	get size(): number {
		return this.#running.size;
	}

	/** Resolves when no task is running, including those that were started meanwhile. */
	async idle(): Promise<void> {
		while (this.#running.size > 0) await Promise.all(this.#running);
	}
}
