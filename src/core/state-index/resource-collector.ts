/** The resources of a state and the readings among them, as the scanner finds them. */
import { limits } from "../limits.ts";
import type { JsonKind } from "../state/member-reader.ts";
import type { Capture, Captures } from "./captures.ts";
import {
	type IndexedResource,
	mayBeReading,
	type Reading,
	type ResourceList,
} from "./index-facts.ts";
import type { TextPool } from "./text-pool.ts";

interface FoundInstance {
	indexKey: string | number | null;
	isDeposed: boolean;
	attributes: Capture | null;
	isListed: boolean;
}

interface FoundResource {
	mode: string | null;
	type: string | null;
	name: string | null;
	module: string | null;
	provider: string | null;
	/** Those that the list or the readings may need. */
	readonly instances: FoundInstance[];
	/** All of them, deposed ones too: they exist. */
	instanceCount: number;
	/** Of what is kept in case that these are readings. */
	candidateCount: number;
	candidateBytes: number;
	isMissingCandidates: boolean;
}

type TextMember = "mode" | "type" | "name" | "module" | "provider";
const textMembers: ReadonlySet<string> = new Set(["mode", "type", "name", "module", "provider"]);

/** Collects resources and readings. */
export class ResourceCollector {
	readonly #captures: Captures;
	readonly #texts: TextPool;
	readonly #readings: { readonly resource: FoundResource; readonly instance: FoundInstance }[] = [];
	readonly #resources: IndexedResource[] = [];
	managedCount = 0;
	#listedCount = 0;
	#resource: FoundResource | null = null;
	#instance: FoundInstance | null = null;
	#open: Capture | null = null;
	#readingBytes = 0;
	#resourceBytes = 0;
	#areReadingsCut = false;
	#areResourcesCut = false;

	constructor(captures: Captures, texts: TextPool) {
		this.#captures = captures;
		this.#texts = texts;
	}

	/** A resource begins. */
	begin(): void {
		const texts = { mode: null, type: null, name: null, module: null, provider: null };
		const candidates = { candidateCount: 0, candidateBytes: 0, isMissingCandidates: false };
		this.#resource = { ...texts, ...candidates, instances: [], instanceCount: 0 };
	}

	/** A member of the resource other than its instances. */
	member(key: string | null, kind: JsonKind, raw: Uint8Array | null): void {
		if (this.#resource === null || key === null || !textMembers.has(key)) return;
		this.#resource[key as TextMember] =
			kind === "string" && raw !== null ? this.#texts.of(raw) : null;
	}

	/** An instance of the resource begins. */
	beginInstance(): void {
		this.#instance = { indexKey: null, isDeposed: false, attributes: null, isListed: false };
	}

	/** A member of the instance. Gives whether its inside is kept: then `endInstanceMember` follows. */
	instanceMember(
		key: string | null,
		kind: JsonKind,
		raw: Uint8Array | null,
		start: number,
	): boolean {
		const [resource, instance] = [this.#resource, this.#instance];
		if (resource === null || instance === null) return false;
		if (key === "index_key" && raw !== null) {
			if (kind === "string") instance.indexKey = this.#texts.of(raw);
			else if (kind === "number") instance.indexKey = Number(Buffer.from(raw).toString("latin1"));
		} else if (key === "deposed") {
			instance.isDeposed = kind === "string";
		} else if (key === "attributes" && kind === "object") {
			if (!mayBeReading(resource.mode, resource.type)) return false;
			instance.attributes = this.#captures.begin(start, limits.readingBytesMax);
			this.#open = instance.attributes;
			return true;
		}
		return false;
	}

	/** The attributes have ended. */
	endInstanceMember(offset: number): void {
		const [resource, capture] = [this.#resource, this.#open];
		this.#open = null;
		if (resource === null || capture === null) return;
		capture.end = offset;
		resource.candidateBytes += capture.sizeBytes;
		if (resource.candidateBytes > limits.readingsBytesMax) capture.drop();
	}

	/** The instance has ended. */
	endInstance(): void {
		const [resource, instance] = [this.#resource, this.#instance];
		this.#instance = null;
		if (resource === null || instance === null) return;
		resource.instanceCount++;
		if (instance.isDeposed) {
			instance.attributes?.drop();
			return;
		}
		instance.isListed = this.#listedCount < limits.indexedResourcesMax;
		if (instance.isListed) this.#listedCount++;
		else this.#areResourcesCut = true;
		if (instance.attributes !== null && resource.candidateCount < limits.readingsMax) {
			resource.candidateCount++;
		} else if (instance.attributes !== null) {
			instance.attributes.drop();
			instance.attributes = null;
			resource.isMissingCandidates = true;
		}
		if (instance.isListed || instance.attributes !== null) resource.instances.push(instance);
	}

	/** The resource has ended: now it is certain what it is. */
	end(): void {
		const resource = this.#resource;
		this.#resource = null;
		if (resource === null) return;
		if (resource.mode === "managed") this.managedCount += resource.instanceCount;
		const isNamed = resource.mode !== null && resource.type !== null && resource.name !== null;
		const isReading = isNamed && mayBeReading(resource.mode, resource.type);
		for (const instance of resource.instances) {
			if (isReading) this.#keepReading(resource, instance);
			else instance.attributes?.drop();
			if (isNamed && instance.isListed) this.#keepResource(resource, instance);
		}
		if (isReading && resource.isMissingCandidates) this.#areReadingsCut = true;
	}

	#keepReading(resource: FoundResource, instance: FoundInstance): void {
		const { attributes } = instance;
		if (attributes === null) return;
		this.#readingBytes += attributes.sizeBytes;
		if (
			this.#readingBytes > limits.readingsBytesMax ||
			this.#readings.length >= limits.readingsMax
		) {
			attributes.drop();
			this.#areReadingsCut = true;
			return;
		}
		this.#readings.push({ resource, instance });
	}

	#keepResource(resource: FoundResource, instance: FoundInstance): void {
		const { mode, type, name, module, provider } = resource;
		if (mode === null || type === null || name === null) return;
		const { indexKey } = instance;
		const address = addressOf(mode, type, name, module, indexKey);
		this.#resourceBytes += 2 * address.length + (provider?.length ?? 0);
		if (this.#resourceBytes > limits.indexedResourcesBytesMax) {
			this.#areResourcesCut = true;
			return;
		}
		this.#resources.push({ address, mode, type, name, module, provider: provider ?? "", indexKey });
	}

	/** The readings in the order of the state, after the last byte. */
	finishReadings(): { readonly readings: readonly Reading[]; readonly areReadingsCut: boolean } {
		const readings: Reading[] = [];
		for (const { resource, instance } of this.#readings) {
			const attributesText = instance.attributes?.text ?? null;
			if (attributesText === null) {
				this.#areReadingsCut = true;
				continue;
			}
			readings.push({
				mode: resource.mode ?? "",
				type: resource.type ?? "",
				name: resource.name ?? "",
				module: resource.module,
				indexKey: instance.indexKey,
				attributesText,
			});
		}
		return { readings, areReadingsCut: this.#areReadingsCut };
	}

	/** The resources in the order of the state. */
	finishResources(): ResourceList {
		return { resources: this.#resources, isTruncated: this.#areResourcesCut };
	}
}

function addressOf(
	mode: string,
	type: string,
	name: string,
	module: string | null,
	indexKey: string | number | null,
): string {
	const path = module === null || module === "" ? "" : `${module}.`;
	const data = mode === "data" ? "data." : "";
	return `${path}${data}${type}.${name}${indexText(indexKey)}`;
}

function indexText(indexKey: string | number | null): string {
	if (indexKey === null) return "";
	if (typeof indexKey === "number") return `[${indexKey}]`;
	// As a string of HCL, where `${` and `%{` begin a template.
	return `[${JSON.stringify(indexKey).replace(/([$%])\{/g, "$1$1{")}]`;
}
