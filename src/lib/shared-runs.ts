/** Work whose result is shared by all who asked for it before it began. */
export class SharedRuns<T> {
	readonly #work: () => Promise<T>;
	#running: Promise<unknown> = Promise.resolve();
	/** Begins when the running one has ended. */
	#next: Promise<T> | null = null;

	constructor(work: () => Promise<T>) {
		this.#work = work;
	}

	/** The result of a run that begins after the call, and after the one under way. Fails as the work. */
	run(): Promise<T> {
		this.#next ??= this.#running.then(() => {
			this.#next = null;
			const run = this.#work();
			this.#running = run.catch(() => undefined);
			return run;
		});
		return this.#next;
	}
}
