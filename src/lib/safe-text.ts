/** Text of other people on a terminal: escape sequences in it could rewrite what the user reads. */

/** Controls, and the marks that change the direction of writing. */
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** For one line of text: each such character becomes `\u….`. */
export function safeText(text: string): string {
	return text.replace(unsafe, escapeCharacter);
}

/** JSON that is safe on a terminal and parses to the same value. */
export function safeJson(value: unknown, indent?: number): string {
	return JSON.stringify(value, null, indent).replace(unsafe, (character) =>
		character === "\n" ? character : escapeCharacter(character),
	);
}

function escapeCharacter(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
