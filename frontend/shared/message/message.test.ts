// The words a message is spoken of with.
import { describe, expect, test } from "vitest";
import { bareClock, dateOf, dayBeside, hour, measured, weekday } from "./when.ts";
import { bornWords, callTypeWords, CLINICIAN_OUTCOMES, firstName, OFFICE_OUTCOMES, outcomeWords, patientLine, shortName, yearsOld } from "./words.ts";

const ON = new Date(2031, 2, 10);

describe("who it is about", () => {
  test("years are whole: the day before a birthday is still the year before", () => {
    expect(yearsOld("1956-03-10", ON)).toBe(75);
    expect(yearsOld("1956-03-11", ON)).toBe(74);
    expect(patientLine("Luis Ruiz", "1956-04-03", ON)).toBe("Luis Ruiz, 74");
  });
  test("an infant is told by months", () => {
    expect(patientLine("Mia Abara", "2030-12-20", ON)).toBe("Mia Abara, 2 months");
    expect(patientLine("Mia Abara", "2031-02-05", ON)).toBe("Mia Abara, 1 month");
  });
  test("a birth date that was not taken is not guessed", () => {
    for (const odd of ["", "3 Apr", "2039-01-01", "1066-01-01"]) expect(yearsOld(odd, ON)).toBeNull();
    expect(patientLine("", "", ON)).toBe("No patient named");
    expect(bornWords("")).toBe("not taken");
    expect(bornWords("1951-04-03")).toBe("3 Apr 1951");
  });
  test("names shorten without losing anybody", () => {
    expect(shortName("Luis Ruiz")).toBe("L. Ruiz");
    expect(shortName("  Prince ")).toBe("Prince");
    expect(shortName("Ænna María López Ruiz")).toBe("Æ. Ruiz");
    expect(shortName("")).toBe("");
    expect(firstName("Ana Ruiz, daughter")).toBe("Ana");
    expect(firstName("O’Neil, son")).toBe("O’Neil");
    expect(firstName("(would not say)")).toBe("");
  });
});

test("every outcome has words, for the clinician and for the office", () => {
  for (const one of [...CLINICIAN_OUTCOMES, ...OFFICE_OUTCOMES]) expect(outcomeWords(one)).not.toContain("_");
  expect(outcomeWords("some_new_one")).toBe("Some new one");
  expect(callTypeWords("chest_pain")).toBe("Chest pain");
  expect(callTypeWords(null)).toBe("No type yet");
});

describe("times", () => {
  const zone = "America/New_York";
  test("a full hour is said without its minutes", () => {
    expect(hour("2031-03-10T22:00:00Z", zone)).toBe("6 pm");
    expect(hour("2031-03-10T22:30:00Z", zone)).toBe("6:30 pm");
    expect(bareClock("2031-03-10T06:16:00Z", zone)).toBe("2:16");
    expect(weekday("2031-03-10T02:00:00Z", zone)).toBe("Sun");
  });
  test("the night the clocks go forward is not skipped", () => {
    expect(dateOf("2031-03-09T04:30:00Z", zone)).toBe("2031-03-08");
    expect(dayBeside("2031-03-09", -1)).toBe("2031-03-08");
    expect(dayBeside("2031-03-01", -1)).toBe("2031-02-28");
    expect(dayBeside("2031-11-02", 1)).toBe("2031-11-03");
  });
  test("unknown is never zero", () => {
    expect(measured(null)).toBe("unknown");
    expect(measured(undefined)).toBe("unknown");
    expect(measured(0)).toBe("0 s");
    expect(measured(91_000)).toBe("1 min 31 s");
  });
});
