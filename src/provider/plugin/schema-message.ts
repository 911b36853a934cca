/** Declarations as the protocol's schema messages. */
import { isComputed } from "./change.ts";
import type { Attributes } from "./schema.ts";

export const capabilities = { planDestroy: true, getProviderSchemaOptional: true };

/** No attribute of ours has changed its meaning yet. */
const schemaVersion = 0;

export function encodableSchema(type: { attributes: Attributes; description: string }) {
	const attributes = Object.entries(type.attributes).map(([name, attribute]) => ({
		name,
		type: Buffer.from(JSON.stringify(attribute.type)),
		description: attribute.description,
		required: attribute.mode === "required",
		optional: attribute.mode === "optional" || attribute.mode === "optional-computed",
		computed: isComputed(attribute),
		sensitive: attribute.sensitive === true,
	}));
	const { description } = type;
	return {
		version: schemaVersion,
		block: { version: schemaVersion, attributes, description },
	};
}
