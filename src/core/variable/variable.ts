/** What a variable is, and which ones are acceptable. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Sealed } from "./secret-box.ts";

export const variableCategories = ["terraform", "env"] as const;
/** An input variable of the configuration, or one of the environment. */
export type VariableCategory = (typeof variableCategories)[number];

export interface Variable {
	readonly id: string;
	readonly key: string;
	readonly category: VariableCategory;
	/** The value is an expression of the configuration language, not a text. */
	readonly isHcl: boolean;
	/** The value is never given out again. */
	readonly isSensitive: boolean;
	readonly description: string;
	/** null: it is sensitive. */
	readonly value: string | null;
	/** ISO 8601. */
	readonly created: string;
	/** Changes with every change. */
	readonly versionId: string;
}

/** As it is stored: a sensitive value is sealed, and has no other form. */
export interface StoredVariable extends Variable {
	readonly sealed: Sealed | null;
}

export interface VariableInput {
	readonly key: string;
	readonly value: string;
	readonly category: VariableCategory;
	readonly isHcl: boolean;
	readonly isSensitive: boolean;
	readonly description: string;
}

export type VariableChange = {
	readonly [K in keyof VariableInput]?: VariableInput[K] | undefined;
};

/** Without what nobody may see. */
export function shownVariable({ sealed: _sealed, ...variable }: StoredVariable): Variable {
	return variable;
}

/** For the audit trail and for messages: never the value. */
export function nameOfVariable({ category, key }: Pick<Variable, "category" | "key">): string {
	return `${category}:${key}`;
}

/** No such variable, or one that the caller may not see. */
export function variableNotFound(): DomainError {
	return new DomainError("not_found", "there is no such variable");
}

const keyForms: Readonly<Record<VariableCategory, RegExp>> = {
	terraform: /^[\p{L}\p{N}_-]+$/u,
	env: /^[A-Za-z_][A-Za-z0-9_]*$/,
};

/** Fails with `invalid_request` or `too_large`, without a word of what was given. */
export function checkVariable(input: Omit<VariableInput, "value">, value: string | null): void {
	const { key, category, description } = input;
	if (Buffer.byteLength(key) > limits.variableKeyBytesMax || !keyForms[category].test(key)) {
		throw new DomainError("invalid_request", "the variable's key is not acceptable", {
			hint: `letters, digits and underscores, at most ${limits.variableKeyBytesMax} bytes; for terraform dashes as well, for env no digit first`,
		});
	}
	if (Buffer.byteLength(description) > limits.variableDescriptionBytesMax) {
		throw new DomainError("too_large", "the variable's description is too long", {
			details: { limitBytes: limits.variableDescriptionBytesMax },
		});
	}
	if (value === null) return;
	if (Buffer.byteLength(value) > limits.variableValueBytesMax) {
		throw new DomainError("too_large", "the variable's value is too long", {
			details: { limitBytes: limits.variableValueBytesMax },
		});
	}
	if (value.includes("\u0000") || !value.isWellFormed()) {
		throw new DomainError("invalid_request", "the variable's value is no text");
	}
}

/** Fails with `conflict` for a key that is taken, `too_large` for too many. */
export function checkVariables(variables: readonly StoredVariable[]): void {
	const names = new Set(variables.map(nameOfVariable));
	if (names.size < variables.length) {
		throw new DomainError("conflict", "a variable of this key and category exists", {
			hint: "change that one, or choose another key",
		});
	}
	if (variables.length > limits.variablesMax) {
		throw new DomainError("too_large", `there are more than ${limits.variablesMax} variables`, {
			hint: "put some of them into a variable set",
		});
	}
	if (Buffer.byteLength(JSON.stringify(variables)) > limits.variablesBytesMax) {
		throw new DomainError("too_large", "the variables are too large together", {
			details: { limitBytes: limits.variablesBytesMax },
		});
	}
}
