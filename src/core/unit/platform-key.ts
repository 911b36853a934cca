/** Which keys belong to the platform and to no unit. */

const platformFolder = "__opentaco";

/**
 * Whether the key lies in the platform's folder: also for file systems that ignore case, characters
 * that nobody sees, or dots and spaces at the end of a name, and for Windows' short names. There the
 * plain copy of such a unit would lie over the platform's own records.
 */
export function isPlatformKey(key: string): boolean {
	const [folder = ""] = key.split("/", 1);
	const name = folder
		.normalize("NFKC")
		.replace(/\p{Default_Ignorable_Code_Point}/gu, "")
		.replace(/[. ]+$/, "")
		.toLowerCase();
	return name === platformFolder || /^__open~[0-9]/.test(name);
}
