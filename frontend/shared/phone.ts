// Telephone numbers as people read them aloud: grouped digits, and what is wrong with one.

/** "+12125550143" or "2125550143" to "212 555 0143"; anything else as it came. */
export function grouped(number: string): string {
  const digits = number.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  if (digits.length !== 10) return number;
  return `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
}

/** Groups while typing and leaves what is not a plain ten-digit number alone. */
export function groupedSoFar(typed: string): string {
  if (/^\s*\+(?!1)/.test(typed) || /[a-z]/i.test(typed)) return typed;
  const digits = typed.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  if (digits.length > 10) return typed;
  return [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)].filter(Boolean).join(" ");
}

/** A sentence that mends it, or "" when the number can be rung. */
export function faultIn(number: string): string {
  const digits = number.replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "");
  if (/^\s*\+(?!1)/.test(number) && digits.length >= 8 && digits.length <= 15) return "";
  if (digits.length !== 10) return "Enter a call-back number with 10 digits, like 212 555 0143.";
  if (/^[01]/.test(digits)) return "An area code starts with 2 to 9. Ask the caller for the number again.";
  return "";
}
