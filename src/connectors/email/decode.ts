// Attachments as bytes, strictly: a text that is no whole base64 or quoted-printable is refused, where most mail programs guess.
import { MillraceError } from "../../model/errors.ts";

const HEX = /^[0-9A-Fa-f]{2}$/;

export interface Decoder {
  /** The bytes of the next piece of text. @throws MR3320. */
  take(piece: Buffer): Buffer;
  /** The bytes that are left. @throws MR3320 when the text ends in the middle. */
  end(): Buffer;
}

/** `name` says in messages which attachment it is. @throws MR3320 for an encoding that nobody knows. */
export function decoderOf(encoding: string | undefined, name: string): Decoder {
  const damaged = (why: string): MillraceError => new MillraceError({ code: "MR3320", message: `${name}: ${why}` });
  switch ((encoding ?? "7bit").toLowerCase().trim()) {
    case "base64":
      return base64(damaged);
    case "quoted-printable":
      return quotedPrintable(damaged);
    case "":
    case "7bit":
    case "8bit":
    case "binary":
      return { take: (piece) => piece, end: () => Buffer.alloc(0) };
    default:
      throw damaged(`its encoding ${JSON.stringify(encoding)} is not known`);
  }
}

function base64(damaged: (why: string) => MillraceError): Decoder {
  let rest = "";
  let isOver = false;
  return {
    take(piece) {
      const text = rest + piece.toString("latin1").replaceAll(/[\r\n\t ]+/g, "");
      if (isOver && text !== "") throw damaged("its base64 goes on after its end");
      const whole = text.slice(0, text.length - (text.length % 4));
      rest = text.slice(whole.length);
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(whole)) throw damaged("its base64 holds characters that cannot be there");
      if (whole.endsWith("=")) {
        isOver = true;
        if (rest !== "") throw damaged("its base64 goes on after its end");
      }
      return Buffer.from(whole, "base64");
    },
    end() {
      if (rest !== "") throw damaged("its base64 ends in the middle");
      return Buffer.alloc(0);
    },
  };
}

function quotedPrintable(damaged: (why: string) => MillraceError): Decoder {
  let rest = "";
  const decode = (text: string): Buffer => {
    const unfolded = text.replaceAll(/[ \t]+(?=\r?\n)/g, "").replaceAll(/=\r?\n/g, "");
    const bytes = unfolded.replaceAll(/=(.{0,2})/gs, (_all, digits: string) => {
      if (!HEX.test(digits)) throw damaged(`its quoted-printable holds ${JSON.stringify(`=${digits}`)}`);
      return String.fromCharCode(Number.parseInt(digits, 16));
    });
    return Buffer.from(bytes, "latin1");
  };
  return {
    take(piece) {
      const text = rest + piece.toString("latin1");
      // Whole lines only: an escape or a soft end of line may be torn.
      const cut = text.lastIndexOf("\n") + 1;
      const softCut = text.slice(0, cut);
      rest = text.slice(cut);
      return decode(softCut);
    },
    end() {
      if (/=[0-9A-Fa-f]?$/.test(rest)) throw damaged("its quoted-printable ends in the middle");
      return decode(rest);
    },
  };
}
