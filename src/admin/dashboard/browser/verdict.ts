import type { View } from "../view/types.ts";

/** What the page Shadow shows besides the state of the node. */
type Found = Pick<View, "shadow" | "verdict">;

const everyMs = 5000;

/** Asks for the verdict again and again, as long as the page is looked at. */
export function watchVerdict(found: (news: Found) => void): void {
  const ask = async (): Promise<void> => {
    if (document.visibilityState === "visible") {
      const response = await fetch("/dashboard/verdict");
      if (response.ok) found(await response.json());
    }
  };
  const again = (): void => {
    void ask()
      .catch(() => undefined)
      .finally(() => setTimeout(again, everyMs));
  };
  again();
}
