// Why an envelope was refused, in sentences; the same words as nightbell/sealing.

export class SealingFault extends Error {}

export class NotForYou extends SealingFault {
  override name = "NotForYou";
  constructor() {
    super("This was not sealed for the keys you hold. Somebody it was sealed for can open it.");
  }
}
export class Altered extends SealingFault {
  override name = "Altered";
  constructor() {
    super(
      "This message was altered after it was signed, or was never signed as it claims. Do not act on it: call the service and ask for it to be read to you.",
    );
  }
}
export class UnknownSigner extends SealingFault {
  override name = "UnknownSigner";
  constructor() {
    super("Nobody known signed this message. Do not act on it: call the service.");
  }
}
export class Readdressed extends SealingFault {
  override name = "Readdressed";
  constructor() {
    super(
      "This message was signed for others, or for another practice or call. Do not act on it: call the service.",
    );
  }
}
export class WrongForm extends SealingFault {
  override name = "WrongForm";
  constructor() {
    super("This message is of a kind this version cannot read. Update Nightbell and open it again.");
  }
}
export class WrongKey extends SealingFault {
  override name = "WrongKey";
  constructor() {
    super("This passphrase does not open these keys. Type it again.");
  }
}
