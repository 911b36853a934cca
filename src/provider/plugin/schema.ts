/** What the provider's types are declared with. */
import type { Raw } from "../wire/msgpack.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** A type of Terraform's type system; its JSON is how the protocol writes it. */
export type ValueType =
	| "string"
	| "bool"
	| "number"
	/** Any type, told beside the value: `Dynamic`. Only for what the provider computes. */
	| "dynamic"
	| readonly ["list", ValueType]
	| readonly ["set", ValueType]
	| readonly ["map", ValueType]
	| readonly ["object", Readonly<Record<string, ValueType>>];

export interface Attribute {
	readonly type: ValueType;
	/** The attributes of the object that it is, which may be left out one by one. */
	readonly nested?: Attributes;
	/** Markdown, one or more sentences. */
	readonly description: string;
	readonly mode: "required" | "optional" | "computed" | "optional-computed";
	readonly sensitive?: true;
	/** Given to each operation in `Call.config`, and in no state or plan. */
	readonly writeOnly?: true;
	/** A change, or one that the function tells of, makes a new resource. */
	readonly replaces?: true | ((prior: Plain, planned: Plain) => boolean);
	/** Computed anew with every change of the resource. */
	readonly volatile?: true;
	/** What is wrong with a known value, or null. */
	readonly check?: (value: Plain) => string | null;
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** The type of an attribute that is an object of these. */
export function objectOf(attributes: Attributes): ValueType {
	const types = Object.entries(attributes).map(([name, { type }]) => [name, type] as const);
	return ["object", Object.fromEntries(types)];
}

/** A value with its type as Terraform's JSON writes it. */
export class Dynamic {
	readonly typeText: string;
	readonly value: Raw;

	constructor(typeText: string, value: Raw) {
		this.typeText = typeText;
		this.value = value;
	}
}

/** A value without anything unknown in it. */
export type Plain = null | string | boolean | number | Dynamic | readonly Plain[] | PlainMap;

export interface PlainMap {
	readonly [key: string]: Plain;
}

/** What an operation is given besides its values. */
export interface Call<Api> {
	readonly api: Api;
	/** What stands in the configuration; of interest for what is write-only. */
	readonly config: PlainMap;
	/** Aborted when Terraform wants to stop. */
	readonly signal: AbortSignal;
	/** Tells the user something that is no failure. */
	readonly warn: (summary: string, detail: string) => void;
}

/** Values that are not known yet are absent; `isUnknown` tells them from those that are not set. */
export type Validate = (
	config: PlainMap,
	isUnknown: (attribute: string) => boolean,
) => readonly Diagnostic[];

interface Described {
	readonly description: string;
	readonly attributes: Attributes;
	/** What is wrong with a configuration beyond single attributes. */
	readonly validate?: Validate;
}

/** Operations give attributes; what they leave out stays as it was planned or stored. */
export interface ResourceType<Api> extends Described {
	readonly create: (planned: PlainMap, call: Call<Api>) => Promise<PlainMap>;
	/** Null: it is gone. */
	readonly read: (state: PlainMap, call: Call<Api>) => Promise<PlainMap | null>;
	/** Absent: every change replaces, or needs nothing but the state. */
	readonly update?: (planned: PlainMap, prior: PlainMap, call: Call<Api>) => Promise<PlainMap>;
	/** Succeeds when it is gone already. */
	readonly remove: (state: PlainMap, call: Call<Api>) => Promise<void>;
	/** Attributes enough to read it by; absent: it cannot be imported. */
	readonly importFrom?: (id: string) => PlainMap;
}

export interface DataSource<Api> extends Described {
	readonly read: (config: PlainMap, call: Call<Api>) => Promise<PlainMap>;
}

/** Exists for as long as one run of Terraform needs it; nothing of it is stored. */
export interface EphemeralType<Api> extends Described {
	/** `handle` is given to `close`. */
	readonly open: (config: PlainMap, call: Call<Api>) => Promise<Opened>;
	/** Called at `renewAt`; gives when to renew again. */
	readonly renew: (handle: string, call: Call<Api>) => Promise<Lease>;
	readonly close: (handle: string, call: Call<Api>) => Promise<void>;
}

/** Until when something ephemeral holds. */
export interface Lease {
	/** Given to `renew` and `close`. */
	readonly handle: string;
	/** ms since the epoch; null: it holds for as long as it is open. */
	readonly renewAt: number | null;
}

export interface Opened extends Lease {
	readonly result: PlainMap;
}

export interface Provider<Api> extends Described {
	readonly resources: Readonly<Record<string, ResourceType<Api>>>;
	readonly dataSources: Readonly<Record<string, DataSource<Api>>>;
	readonly ephemerals: Readonly<Record<string, EphemeralType<Api>>>;
	readonly configure: (config: PlainMap) => Promise<Api>;
	/** A failure as the user should read it. */
	readonly explain: (error: unknown) => { readonly summary: string; readonly detail: string };
}
