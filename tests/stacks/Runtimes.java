/* Compiled and interpreted code of HotSpot between a file that is mapped and main(): runtimes.py. */
import java.io.File;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import javax.management.ObjectName;

public class Runtimes {
	static int innermost(FileChannel channel, int turn) throws Exception {
		return channel.map(FileChannel.MapMode.READ_ONLY, 0, 4096 * (1 + turn % 5)).get(0);
	}

	static int middle(FileChannel channel, int turn) throws Exception {
		return innermost(channel, turn) + 1;
	}

	static int outer(FileChannel channel, int turns) throws Exception {
		int sum = 0;
		for (int turn = 0; turn < turns; turn++)
			sum += middle(channel, turn);
		return sum;
	}

	public static void main(String[] arguments) throws Exception {
		try (RandomAccessFile file = new RandomAccessFile(new File(arguments[0]), "rw")) {
			file.setLength(1 << 20);
			for (int round = 0; round < 10; round++)
				outer(file.getChannel(), 2000);
		}
		/* jcmd Compiler.perfmap: what lies where in the code cache, to /tmp/perf-PID.map. */
		ManagementFactory.getPlatformMBeanServer().invoke(
			new ObjectName("com.sun.management:type=DiagnosticCommand"), "compilerPerfmap", null, null);
	}
}
