/** What is counted, in the form that Prometheus reads. No label holds a unit's name. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { buildInfo } from "../build-info.ts";
import type { CoreMetrics } from "../core/ports/metrics.ts";

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const bytesBuckets = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/**
 * What the process itself is like: CPU, memory, files, the event loop. Without the sizes of the
 * heap's spaces, for which the runtime walks over every object and answers nobody meanwhile.
 */
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });
for (const size of ["total", "used", "available"]) {
	ofProcess.removeSingleMetric(`nodejs_heap_space_size_${size}_bytes`);
}

export interface RequestSample {
	readonly surface: string;
	readonly method: string;
	readonly operation: string;
	readonly status: number;
	readonly durationMs: number;
}

/** The counters of the process; implements what the core and the store decorators report to. */
export class ServerMetrics implements CoreMetrics {
	readonly #registry = new Registry();
	readonly #requests = this.#counter("opentaco_http_requests_total", "Requests answered", [
		"surface",
		"method",
		"operation",
		"status",
	]);
	readonly #requestSeconds = this.#seconds(
		"opentaco_http_request_duration_seconds",
		"Time to the response's head",
		["surface", "operation"],
	);
	readonly #inFlight: Gauge;
	readonly #storeOperations = this.#counter(
		"opentaco_store_operations_total",
		"Operations on the storage, each attempt counted",
		["operation", "outcome"],
	);
	readonly #storeSeconds = this.#seconds(
		"opentaco_store_operation_duration_seconds",
		"Time of operations on the storage",
		["operation"],
	);
	readonly #lockConflicts = this.#counter(
		"opentaco_lock_conflicts_total",
		"Lock requests that met another holder",
	);
	readonly #appendRetries = this.#counter(
		"opentaco_append_retries_total",
		"Records that met another server's record and were decided again",
	);
	readonly #unknownOutcomes = this.#counter(
		"opentaco_unknown_outcomes_total",
		"Requests whose outcome the storage did not tell",
	);
	readonly #stateBytes: Histogram;
	readonly #projections = this.#counter(
		"opentaco_projections_total",
		"Plain state objects looked at after a change",
		["result"],
	);

	constructor(requestsInFlight: () => number) {
		this.#inFlight = new Gauge({
			name: "opentaco_http_requests_in_flight",
			help: "Requests being answered",
			registers: [this.#registry],
			collect() {
				this.set(requestsInFlight());
			},
		});
		this.#inFlight.set(0);
		this.#stateBytes = new Histogram({
			name: "opentaco_state_bytes",
			help: "Sizes of the states written",
			buckets: bytesBuckets,
			registers: [this.#registry],
		});
		new Gauge({
			name: "opentaco_build_info",
			help: "Always 1; the labels say which build this is",
			labelNames: ["version", "commit"],
			registers: [this.#registry],
		}).set({ version: buildInfo.version, commit: buildInfo.commit }, 1);
	}

	#counter(name: string, help: string, labelNames: string[] = []): Counter {
		return new Counter({ name, help, labelNames, registers: [this.#registry] });
	}

	#seconds(name: string, help: string, labelNames: string[]): Histogram {
		const registers = [this.#registry];
		return new Histogram({ name, help, labelNames, buckets: secondsBuckets, registers });
	}

	get contentType(): string {
		return this.#registry.contentType;
	}

	/** Everything, as text. */
	async exposition(): Promise<string> {
		return await Registry.merge([ofProcess, this.#registry]).metrics();
	}

	request(sample: RequestSample): void {
		const { surface, operation } = sample;
		const status = `${Math.floor(sample.status / 100)}xx`;
		this.#requests.inc({ surface, method: sample.method, operation, status });
		this.#requestSeconds.observe({ surface, operation }, sample.durationMs / 1000);
	}

	storeOperation(operation: string, outcome: string, durationMs: number): void {
		this.#storeOperations.inc({ operation, outcome });
		this.#storeSeconds.observe({ operation }, durationMs / 1000);
	}

	lockConflict(): void {
		this.#lockConflicts.inc();
	}

	appendRetry(): void {
		this.#appendRetries.inc();
	}

	outcomeUnknown(): void {
		this.#unknownOutcomes.inc();
	}

	stateWritten(sizeBytes: number): void {
		this.#stateBytes.observe(sizeBytes);
	}

	projection(result: "unchanged" | "written" | "foreign" | "failed"): void {
		this.#projections.inc({ result });
	}
}
