/** `/healthz`: the process answers. `/readyz`: it can do its work, because the storage answers. */
import { Elysia } from "elysia";
import { limits } from "../../../core/limits.ts";
import { type BlobStore, StoreError } from "../../../core/ports/blob-store.ts";
import type { Clock } from "../../../core/ports/clock.ts";
import { contextOf } from "../../shared/request-context.ts";

export interface ReadinessDeps {
	readonly store: Pick<BlobStore, "newest">;
	readonly clock: Pick<Clock, "monotonic">;
	readonly isDraining: () => boolean;
}

/** Why the server is not ready; null when it is. */
type Reason = string | null;

const probedPrefix = "__opentaco/ready/";

/** Asks the storage, at most once per `readyFreshMs` however many ask: the route is open to all. */
export class Readiness {
	readonly #deps: ReadinessDeps;
	#asking: Promise<Reason> | null = null;
	#answer: { readonly reason: Reason; readonly at: number } | null = null;

	constructor(deps: ReadinessDeps) {
		this.#deps = deps;
	}

	async reason(): Promise<Reason> {
		if (this.#deps.isDraining()) return "shutting_down";
		const answer = this.#answer;
		if (answer !== null && this.#deps.clock.monotonic() - answer.at < limits.readyFreshMs) {
			return answer.reason;
		}
		this.#asking ??= this.#ask().finally(() => {
			this.#asking = null;
		});
		return await this.#asking;
	}

	async #ask(): Promise<Reason> {
		let reason: Reason = null;
		try {
			const signal = AbortSignal.timeout(limits.readyDeadlineMs);
			await this.#deps.store.newest(probedPrefix, { signal });
		} catch (error) {
			reason = error instanceof StoreError ? `storage_${error.kind}` : "storage_unavailable";
		}
		this.#answer = { reason, at: this.#deps.clock.monotonic() };
		return reason;
	}
}

export function healthSurface(readiness: Readiness) {
	const hidden = { detail: { hide: true } };
	return new Elysia({ name: "health" })
		.get(
			"/healthz",
			({ request }) => {
				contextOf(request).operation = "healthz";
				return Response.json({ status: "ok", service: "opentaco" });
			},
			hidden,
		)
		.get(
			"/readyz",
			async ({ request }) => {
				contextOf(request).operation = "readyz";
				const reason = await readiness.reason();
				if (reason === null) return Response.json({ status: "ok", service: "opentaco" });
				return Response.json(
					{ status: "unavailable", service: "opentaco", reason },
					{ status: 503, headers: { "retry-after": "2" } },
				);
			},
			hidden,
		);
}
