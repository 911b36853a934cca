/** Digests of outputs of versions that are not current any more: what consumers may have taken in. */
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { HeadCache } from "../log/head-cache.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { History } from "../state/history.ts";
import type { StateIndex } from "../state-index/index-facts.ts";
import { hasBody, type Version } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import type { Digester } from "./digest.ts";
import type { StateFacts } from "./facts.ts";

/** The index of a version's content. Fails with `storage_unavailable` or `storage_corrupt`. */
export type IndexOf = (id: UnitId, version: Version) => Promise<StateIndex>;

export type OutputFacts = Pick<StateFacts, "outputs" | "isOpaque" | "isMissingOutputs">;

export interface VersionDigestsDeps {
	readonly log: Pick<UnitLog, "confirm">;
	readonly history: Pick<History, "find">;
	readonly index: IndexOf;
}

/** Versions never change, so what is known of them stays. Bounded. */
export class VersionDigests {
	readonly #deps: VersionDigestsDeps;
	/** `gone`: the version or its content is not there any more. */
	readonly #known = new HeadCache<OutputFacts | "gone">(limits.graphVersionsCachedMax);

	constructor(deps: VersionDigestsDeps) {
		this.#deps = deps;
	}

	/** Takes in what was found while the version was current. */
	keep(id: UnitId, version: number, facts: OutputFacts): void {
		this.#known.set(`${id}#${version}`, facts);
	}

	/** Whether `digest` can answer for this version. */
	has(id: UnitId, version: number): boolean {
		return version === 0 || this.#known.get(`${id}#${version}`) !== undefined;
	}

	/** See DigestAt; undefined also for what was not loaded. */
	digest(id: UnitId, version: number, output: string): string | null | undefined {
		if (version === 0) return null;
		const facts = this.#known.get(`${id}#${version}`);
		if (facts === undefined || facts === "gone" || facts.isOpaque) return undefined;
		return facts.outputs.get(output) ?? (facts.isMissingOutputs ? undefined : null);
	}

	/** Finds out about a version. Fails with `storage_unavailable`. */
	async load(id: UnitId, number: number, digester: Digester): Promise<void> {
		this.#known.set(`${id}#${number}`, await this.#find(id, number, digester));
	}

	async #find(id: UnitId, number: number, digester: Digester): Promise<OutputFacts | "gone"> {
		const { log, history, index } = this.#deps;
		try {
			return await orUnavailable(async () => {
				// Confirmed: what an old head does not know yet would be taken for gone for ever.
				const state = (await log.confirm(id)).record?.state;
				const version = state === undefined ? undefined : await history.find(state, number);
				if (state === undefined || version === undefined) return "gone";
				if (!hasBody(state, version)) return "gone";
				const found = await index(id, version);
				const outputs = new Map(
					found.outputs.map(({ name, valueText }) => [name, digester.ofText(valueText)]),
				);
				return { outputs, isOpaque: found.isOpaque, isMissingOutputs: found.isMissingOutputs };
			});
		} catch (error) {
			if (isDomainError(error, "storage_corrupt")) return "gone";
			throw error;
		}
	}
}
