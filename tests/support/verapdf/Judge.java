import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.*;
import java.io.*;
import java.util.*;

/** veraPDF’s judgement of PDF files by PDF/A-3a: for each a line "pass FILE", or "fail FILE" and the rules that it breaks. */
public class Judge {
  public static void main(String[] args) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    boolean ok = true;
    for (String path : args) {
      StringBuilder said = new StringBuilder();
      boolean passed;
      try (InputStream in = new FileInputStream(path); PDFAParser parser = Foundries.defaultInstance().createParser(in, PDFAFlavour.PDFA_3_A)) {
        PDFAValidator validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_3_A, false);
        ValidationResult result = validator.validate(parser);
        passed = result.isCompliant();
        Set<String> seen = new TreeSet<>();
        for (TestAssertion one : result.getTestAssertions())
          if (one.getStatus() == TestAssertion.Status.FAILED) seen.add(one.getRuleId().getClause() + "-" + one.getRuleId().getTestNumber() + " " + one.getMessage() + " @ " + one.getLocation().getContext());
        for (String s : seen) said.append("\n  ").append(s);
      } catch (Exception e) { passed = false; said.append("\n  ").append(e); }
      ok &= passed;
      System.out.println((passed ? "pass " : "fail ") + path + said);
    }
    System.exit(ok ? 0 : 1);
  }
}
