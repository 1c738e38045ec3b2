import com.segment.analytics.Analytics;
import com.segment.analytics.Callback;
import com.segment.analytics.messages.IdentifyMessage;
import com.segment.analytics.messages.Message;
import com.segment.analytics.messages.TrackMessage;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Sends with the unmodified library: Send URL KEY. Prints each message that the library gives up, with its reason. */
public class Send {
  public static void main(String[] args) throws Exception {
    CountDownLatch left = new CountDownLatch(2);
    Callback callback =
        new Callback() {
          @Override
          public void success(Message message) {
            left.countDown();
          }

          @Override
          public void failure(Message message, Throwable why) {
            System.out.println(message.type() + ": " + why);
            left.countDown();
          }
        };
    Analytics analytics = Analytics.builder(args[1]).endpoint(args[0]).callback(callback).build();
    analytics.enqueue(
        TrackMessage.builder("Order Completed")
            .messageId("m-track")
            .userId("u")
            .timestamp(new Date(System.currentTimeMillis() - 3_600_000))
            .properties(Map.of("revenue", 19.99, "currency", "EUR")));
    analytics.enqueue(IdentifyMessage.builder().messageId("m-identify").userId("u").traits(Map.of("plan", "pro")));
    analytics.flush();
    if (!left.await(60, TimeUnit.SECONDS)) System.out.println("still waiting after 60 s");
    analytics.shutdown();
    // Threads of its HTTP client live on for minutes.
    System.exit(0);
  }
}
